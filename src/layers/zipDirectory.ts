import type { WheelFault } from './wheelFault.ts';
import { checkEntryName, decodeName } from './zipName.ts';

/** One file or folder of a zip, as its central directory declares it. */
export interface ZipEntry {
  /** `/`-separated; folders end in `/`. Checked: relative, no `..`, no backslash, no control characters. */
  name: string;
  method: 'deflate' | 'stored';
  crc32: number;
  /** Bytes in the zip. */
  compressedSize: number;
  /** Bytes unpacked. */
  size: number;
  /** Offset of the local header. */
  headerOffset: number;
  /** Unix mode (type and permission bits), 0 where the zip has none. */
  mode: number;
  flags: number;
}

export interface ZipDirectory {
  /** In the order of the directory. */
  entries: ZipEntry[];
  /** Where the first byte after all entries lies. */
  start: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const END_SIZE = 22;
/** A tail of this size holds the end records of any zip (comment 65,535 bytes). */
export const END_SEARCH = 65_535 + END_SIZE + 20;
const MAX_ENTRIES = 1_000_000;

interface EndRecord {
  /** Absolute offset of the first end record (zip64's, when there is one). */
  at: number;
  entries: number;
  size: number;
  start: number;
}

/**
 * Reads the central directory from the last bytes of a zip (APPNOTE 4.3.12-4.3.16; zip64 included).
 * @param tail the file's bytes from `tailStart` to its end
 * @returns the directory, or `{needFrom}` when it begins before `tailStart`
 * Throws RIG-LAYERS-001 to -006: structure, contradictions, paths, links, encryption, sizes.
 */
export function readDirectory(
  tail: Buffer,
  tailStart: number,
  fault: WheelFault,
): ZipDirectory | { needFrom: number } {
  const end = findEnd(tail, tailStart, fault);
  if ('needFrom' in end) return end;
  if (end.start < tailStart) return { needFrom: end.start };
  const entries: ZipEntry[] = [];
  let at = end.start - tailStart;
  const stop = end.at - tailStart;
  for (let index = 0; index < end.entries; index += 1) {
    if (at + 46 > stop || tail.readUInt32LE(at) !== CENTRAL)
      throw fault('001', 'its list of entries is damaged');
    const length = 46 + tail.readUInt16LE(at + 28) + tail.readUInt16LE(at + 30) + tail.readUInt16LE(at + 32);
    if (at + length > stop) throw fault('001', 'its list of entries is cut off');
    entries.push(centralEntry(tail.subarray(at, at + length), fault));
    at += length;
  }
  if (at !== stop) throw fault('002', `lists ${end.entries} entries, but has room for others`);
  return { entries, start: end.start };
}

function findEnd(tail: Buffer, tailStart: number, fault: WheelFault): EndRecord | { needFrom: number } {
  const lowest = Math.max(0, tail.length - 65_535 - END_SIZE);
  for (let at = tail.length - END_SIZE; at >= lowest; at -= 1) {
    if (tail.readUInt32LE(at) !== END) continue;
    if (at + END_SIZE + tail.readUInt16LE(at + 20) !== tail.length) continue;
    return endRecord(tail, at, { tailStart, fault });
  }
  throw fault('001', 'is not a zip file, or was cut short');
}

function endRecord(
  tail: Buffer,
  at: number,
  { tailStart, fault }: { tailStart: number; fault: WheelFault },
): EndRecord | { needFrom: number } {
  const disks = tail.readUInt16LE(at + 4) + tail.readUInt16LE(at + 6);
  const record = {
    at: tailStart + at,
    entries: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    start: tail.readUInt32LE(at + 16),
  };
  const here = tail.readUInt16LE(at + 8);
  if (at >= 20 && tail.readUInt32LE(at - 20) === LOCATOR64) {
    const at64 = Number(tail.readBigUInt64LE(at - 12));
    if (at64 < tailStart) return { needFrom: at64 };
    const inside = at64 - tailStart;
    if (inside + 56 > at - 20 || tail.readUInt32LE(inside) !== END64)
      throw fault('001', 'its zip64 record is damaged');
    record.at = at64;
    record.entries = Number(tail.readBigUInt64LE(inside + 32));
    record.size = Number(tail.readBigUInt64LE(inside + 40));
    record.start = Number(tail.readBigUInt64LE(inside + 48));
    if (Number(tail.readBigUInt64LE(inside + 24)) !== record.entries)
      throw fault('001', 'is one of several volumes');
  } else if (disks !== 0 || here !== record.entries) throw fault('001', 'is one of several volumes');
  if (record.entries > MAX_ENTRIES) throw fault('006', `declares ${record.entries} entries`);
  if (record.start + record.size !== record.at)
    throw fault('001', 'its list of entries is not where it should be');
  return record;
}

function centralEntry(record: Buffer, fault: WheelFault): ZipEntry {
  const nameLength = record.readUInt16LE(28);
  const name = decodeName(record.subarray(46, 46 + nameLength), fault);
  checkEntryName(name, fault);
  const flags = record.readUInt16LE(8);
  const method = record.readUInt16LE(10);
  // bit 0: encrypted, 6: strong encryption, 13: directory encrypted, 5: patch data
  if ((flags & 0x2061) !== 0) throw fault('005', 'is encrypted', name);
  if (method !== 0 && method !== 8) throw fault('005', `uses compression method ${method}`, name);
  const sizes = withZip64(
    record,
    record.subarray(46 + nameLength, 46 + nameLength + record.readUInt16LE(30)),
  );
  if (!sizes) throw fault('001', 'has damaged zip64 sizes', name);
  const mode = record.readUInt32LE(38) >>> 16;
  const type = mode & 0o170000;
  const isFolder = name.endsWith('/');
  if (type === 0o120000) throw fault('004', 'is a symbolic link', name);
  if (type !== 0 && type !== (isFolder ? 0o040000 : 0o100000))
    throw fault('004', 'is no plain file or folder', name);
  if (isFolder && sizes.size !== 0) throw fault('002', 'is a folder with content', name);
  if (method === 0 && sizes.size !== sizes.compressedSize)
    throw fault('002', 'is stored, yet has two sizes', name);
  return {
    name,
    method: method === 8 ? 'deflate' : 'stored',
    crc32: record.readUInt32LE(16),
    ...sizes,
    mode,
    flags,
  };
}

/** Sizes and offset, taken from the zip64 field where the 32-bit ones are saturated; undefined if that field is too short. */
export function withZip64(
  record: Buffer,
  extra: Buffer,
): Pick<ZipEntry, 'compressedSize' | 'size' | 'headerOffset'> | undefined {
  const values = [record.readUInt32LE(24), record.readUInt32LE(20), record.readUInt32LE(42)];
  const field = values.includes(0xffffffff) ? zip64Field(extra) : undefined;
  let at = 0;
  for (const [index, value] of values.entries()) {
    if (value !== 0xffffffff) continue;
    if (!field || at + 8 > field.length) return undefined;
    values[index] = Number(field.readBigUInt64LE(at));
    at += 8;
  }
  const [size = 0, compressedSize = 0, headerOffset = 0] = values;
  return values.every(Number.isSafeInteger) ? { size, compressedSize, headerOffset } : undefined;
}

/** The extra field 0x0001 (APPNOTE 4.5.3), if present and whole. */
export function zip64Field(extra: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1)
      return at + 4 + length <= extra.length ? extra.subarray(at + 4, at + 4 + length) : undefined;
    at += 4 + length;
  }
  return undefined;
}
