import { createHash } from 'node:crypto';
import { byteOrder } from './debian/byteOrder.ts';

/** One row of RECORD: a path relative to site-packages; hash `sha256=<base64url>` and size may be unknown. */
export interface RecordRow {
  path: string;
  hash: string;
  size: number | undefined;
}

const HASH = /^[a-z0-9]+=[A-Za-z0-9_-]+=*$/;

/** Hashes that a wheel's own RECORD gives, by entry name; rows that are no CSV or have no hash are left out. */
export function recordHashes(text: string): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*)),([^",]*),(\d*)$/.exec(line);
    const path = match?.[1]?.replaceAll('""', '"') ?? match?.[2];
    const hash = match?.[3];
    if (path && hash && HASH.test(hash)) hashes.set(path, hash);
  }
  return hashes;
}

/** `sha256=` and the hash in base64url without padding, as RECORD wants it. */
export function recordHash(content: Uint8Array): string {
  return `sha256=${createHash('sha256').update(content).digest('base64url')}`;
}

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** RECORD's text: rows sorted by the bytes of their paths, `\n` line ends. */
export function recordText(rows: readonly RecordRow[]): string {
  return [...rows]
    .sort((a, b) => byteOrder(a.path, b.path))
    .map(({ path, hash, size }) => `${cell(path)},${hash},${size ?? ''}\n`)
    .join('');
}
