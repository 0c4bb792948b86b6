import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Random access to a file of any size through one small window; consecutive small reads cost one system call. */
export interface ByteReader {
  readonly size: number;
  /** Bytes at `offset`; fewer than `length` only at the end of the file. Valid until the next call. */
  read(offset: number, length: number): Buffer;
  close(): void;
}

const WINDOW = 32 * 1024;
/** Headers are small, and the contents between them are skipped. */
const AHEAD = 4096;

/** Reads a file by its path; throws system errors. */
export function fileReader(path: string): ByteReader {
  const fd = openSync(path, 'r');
  const size = fstatSync(fd).size;
  return { ...handleReader(fd, Buffer.allocUnsafeSlow(WINDOW), AHEAD), size, close: () => closeSync(fd) };
}

/**
 * Reads an open file through the given window; the file may still grow, and closing it is the caller's.
 * @param ahead bytes read at least when the window has to move; default: the whole window
 */
export function handleReader(fd: number, window: Buffer, ahead: number = window.length): ByteReader {
  let start = 0;
  let filled = 0;
  return {
    size: Number.NaN,
    read(offset, length) {
      if (offset >= start && offset + length <= start + filled)
        return window.subarray(offset - start, offset - start + length);
      if (length > window.length) {
        const target = Buffer.allocUnsafe(length);
        return target.subarray(0, readFully(fd, target, { offset, length }));
      }
      start = offset;
      filled = readFully(fd, window, { offset, length: Math.max(length, ahead) });
      return window.subarray(0, Math.min(filled, length));
    },
    close: () => {},
  };
}

/** Reads until `length` bytes or the end of the file; returns how many. */
export function readFully(fd: number, into: Buffer, at: { offset: number; length: number }): number {
  let got = 0;
  while (got < at.length) {
    const count = readSync(fd, into, got, at.length - got, at.offset + got);
    if (count === 0) break;
    got += count;
  }
  return got;
}
