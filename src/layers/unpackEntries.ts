import { closeSync, fchmodSync, fchownSync, futimesSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { handleReader, type ByteReader } from './byteReader.ts';
import { FIXED_MTIME } from './format.ts';
import { createInflater, InflateFault, type Inflater } from './inflater.ts';
import { wheelFault } from './wheelFault.ts';
import { contentOffset } from './zipChecks.ts';
import type { ZipEntry } from './zipDirectory.ts';

/** Entries of one wheel to be written as files. All their bytes are on disk; the wheel may not be verified yet. */
export interface UnpackJob {
  kind: 'unpack';
  /** Open file of the wheel; descriptors are shared by all threads of a process. */
  fd: number;
  /** File name of the wheel, for messages. */
  wheel: string;
  /** Folder of the tree; the folders of all entries exist. */
  root: string;
  entries: { entry: ZipEntry; path: string; mode: number }[];
}

const CHUNK = 1 << 20;
const WINDOW = Buffer.allocUnsafeSlow(256 * 1024);
let inflater: Inflater | undefined;

/** Inflates entries into new files; every size and CRC-32 is checked. Throws RIG-LAYERS-001, -002, -008 and system errors. */
export function unpackEntries(job: UnpackJob): void {
  const reader = handleReader(job.fd, WINDOW);
  for (const { entry, path, mode } of job.entries) {
    const fault = wheelFault(job.wheel);
    const offset = contentOffset(entry, reader, fault);
    try {
      writeNewFile(`${job.root}/${path}`, mode, (write) => {
        const sum = copyContent(entry, { reader, offset }, write);
        if (sum !== entry.crc32) throw new InflateFault('the checksum is wrong');
      });
    } catch (error) {
      if (!(error instanceof InflateFault)) throw error;
      throw Object.assign(fault('008', `is damaged: ${error.message}`, entry.name), { cause: error });
    }
  }
}

function copyContent(
  entry: ZipEntry,
  from: { reader: ByteReader; offset: number },
  write: (chunk: Buffer) => void,
): number {
  let sum = 0;
  const sink = (chunk: Buffer): void => {
    sum = crc32(chunk, sum);
    write(chunk);
  };
  if (entry.method === 'deflate') {
    inflater ??= createInflater();
    inflater.inflate({ ...from, length: entry.compressedSize, size: entry.size }, sink);
  } else
    for (let at = 0; at < entry.size;) {
      const chunk = from.reader.read(from.offset + at, Math.min(CHUNK, entry.size - at));
      if (chunk.length === 0) throw new InflateFault('the file ends too early');
      sink(chunk);
      at += chunk.length;
    }
  return sum;
}

/** Owner that files of an image should have; only root can give files away. */
export const OWNS_AS_ROOT = process.getuid?.() === 0;
const PLAIN_ROOT = OWNS_AS_ROOT && process.getgid?.() === 0;

/** Creates a file (never overwrites) with exactly this mode, root's where possible, and the fixed time. */
export function writeNewFile(
  path: string,
  mode: number,
  fill: (write: (chunk: Buffer) => void) => void,
): void {
  const fd = openSync(path, 'wx', mode);
  try {
    fill((chunk) => {
      for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at, chunk.length - at);
    });
    if (OWNS_AS_ROOT && !PLAIN_ROOT) fchownSync(fd, 0, 0);
    if ((process.umask() & mode) !== 0) fchmodSync(fd, mode);
    futimesSync(fd, FIXED_MTIME, FIXED_MTIME);
  } finally {
    closeSync(fd);
  }
}
