import type { PieceEntry } from './piece.ts';

const BLOCK = 512;
/** Largest values of the header's octal fields. */
const OCTAL_7 = 0o7777777;
const OCTAL_11 = 0o77777777777;
/** Two zero blocks end an archive. */
export const TAR_END = 2 * BLOCK;

/** Zero bytes that fill a file of this size up to whole blocks. */
export function tarPadding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/**
 * The header blocks of one entry: POSIX ustar (IEEE 1003.1, pax, "ustar Interchange Format"), preceded by a pax extended header only
 * for what ustar cannot say: long or non-ASCII paths and targets, sizes from 8 GiB, huge owner ids. Owner names empty; folders end in `/`.
 */
export function tarHeader(entry: PieceEntry): Buffer {
  const path = entry.type === 'dir' ? `${entry.path}/` : entry.path;
  const target = entry.target ?? '';
  const split = splitPath(path);
  const records: string[] = [];
  if (!split) records.push(paxRecord('path', path));
  if (!fits(target, 100)) records.push(paxRecord('linkpath', target));
  if (entry.size > OCTAL_11) records.push(paxRecord('size', String(entry.size)));
  if (entry.uid > OCTAL_7) records.push(paxRecord('uid', String(entry.uid)));
  if (entry.gid > OCTAL_7) records.push(paxRecord('gid', String(entry.gid)));
  const own = ustar({
    name: split?.name ?? shortened(path),
    prefix: split?.prefix ?? '',
    mode: entry.mode & 0o7777,
    uid: entry.uid > OCTAL_7 ? 0 : entry.uid,
    gid: entry.gid > OCTAL_7 ? 0 : entry.gid,
    size: entry.size > OCTAL_11 ? 0 : entry.size,
    mtime: entry.mtime,
    type: entry.type === 'dir' ? '5' : entry.type === 'symlink' ? '2' : '0',
    target: fits(target, 100) ? target : shortened(target),
  });
  if (records.length === 0) return own;
  const body = Buffer.from(records.join(''));
  const extended = ustar({
    name: shortened(`PaxHeaders/${path.replaceAll('/', '_')}`),
    prefix: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: entry.mtime,
    type: 'x',
    target: '',
  });
  return Buffer.concat([extended, body, Buffer.alloc(tarPadding(body.length)), own]);
}

interface UstarFields {
  name: string;
  prefix: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  type: string;
  target: string;
}

function ustar(fields: UstarFields): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, digits, 'latin1');
  };
  block.write(fields.name, 0, 100, 'latin1');
  octal(fields.mode, 100, 7);
  octal(fields.uid, 108, 7);
  octal(fields.gid, 116, 7);
  octal(fields.size, 124, 11);
  octal(fields.mtime, 136, 11);
  block.fill(0x20, 148, 156);
  block.write(fields.type, 156, 1, 'latin1');
  block.write(fields.target, 157, 100, 'latin1');
  block.write('ustar\u000000', 257, 8, 'latin1');
  octal(0, 329, 7);
  octal(0, 337, 7);
  block.write(fields.prefix, 345, 155, 'latin1');
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += block[at] ?? 0;
  octal(sum, 148, 6);
  block[154] = 0;
  return block;
}

// eslint-disable-next-line no-control-regex -- the range is meant
const ASCII = /^[\0-\x7f]*$/;

function fits(text: string, length: number): boolean {
  return text.length <= length && ASCII.test(text);
}

/** ustar's two fields: up to 155 and 100 bytes around a slash. */
function splitPath(path: string): { name: string; prefix: string } | undefined {
  if (!ASCII.test(path)) return undefined;
  if (path.length <= 100) return { name: path, prefix: '' };
  const cut = path.indexOf('/', path.length - 101);
  const name = path.slice(cut + 1);
  if (cut < 1 || cut > 155 || name === '' || name.length > 100) return undefined;
  return { name, prefix: path.slice(0, cut) };
}

// A stand-in where the pax header has the real text: programs that know no pax see something, cut at 100 characters.
function shortened(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]/g, '_')
    .slice(0, 100)
    .replace(/\/$/, '_');
}

/** One record of a pax extended header: its own length in decimal, key, value. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length > length) length += 1;
  return `${length} ${key}=${value}\n`;
}
