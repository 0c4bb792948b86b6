import { byteOrder } from './byteOrder.ts';

/** A library as the dynamic loader looks it up: by soname, in a folder. */
export interface CachedLibrary {
  name: string;
  path: string;
}

const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER = 48;
const ENTRY = 24;
const EXTENSION_MAGIC = 0xea_a4_21_74;
const LITTLE_ENDIAN = 2;

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';

/** Order of library names in the cache: as text, but runs of digits as numbers, and a digit after anything else (glibc, dl-cache.c). */
export function libraryOrder(a: string, b: string): number {
  let left = 0;
  let right = 0;
  while (left < a.length) {
    const one = a[left];
    const two = b[right];
    if (isDigit(one)) {
      if (!isDigit(two)) return 1;
      const first = /^\d+/.exec(a.slice(left))?.[0] ?? '';
      const second = /^\d+/.exec(b.slice(right))?.[0] ?? '';
      if (Number(first) !== Number(second)) return Number(first) - Number(second);
      left += first.length;
      right += second.length;
    } else if (isDigit(two)) return -1;
    else if (one !== two) return (one?.charCodeAt(0) ?? 0) - (two?.charCodeAt(0) ?? 0);
    else {
      left += 1;
      right += 1;
    }
  }
  return right < b.length ? -1 : 0;
}

const reversed = (text: string): string => text.split('').reverse().join('');

/** Strings one after another, each ended by NUL; one that ends another shares its bytes. */
function stringTable(strings: Iterable<string>): { bytes: Buffer; offsets: Map<string, number> } {
  const sorted = [...new Set(strings)].sort((a, b) => byteOrder(reversed(a), reversed(b))).reverse();
  const offsets = new Map<string, number>();
  const parts: string[] = [];
  let size = 0;
  let previous = '';
  for (const text of sorted) {
    const before = offsets.get(previous);
    if (before !== undefined && previous.endsWith(text)) {
      offsets.set(text, before + previous.length - text.length);
    } else {
      offsets.set(text, size);
      parts.push(`${text}\0`);
      size += text.length + 1;
    }
    previous = text;
  }
  return { bytes: Buffer.from(parts.join(''), 'latin1'), offsets };
}

/**
 * Bytes of /etc/ld.so.cache in glibc's own format, as its ldconfig writes them (dl-cache.h, `struct cache_file_new`).
 * `libraries` in the order of the folders; `flags` is 0x303 for amd64; `generator` is the text that ldconfig signs with.
 */
export function ldSoCache(libraries: readonly CachedLibrary[], flags: number, generator: string): Buffer {
  const sorted = [...libraries].sort((a, b) => libraryOrder(b.name, a.name));
  const { bytes: strings, offsets } = stringTable(sorted.flatMap(({ name, path }) => [name, path]));
  const start = HEADER + ENTRY * sorted.length;
  const extension = Math.ceil((start + strings.length) / 4) * 4;
  const text = Buffer.from(generator, 'latin1');
  const out = Buffer.alloc(extension + 24 + text.length);
  out.write(MAGIC, 0, 'latin1');
  out.writeUInt32LE(sorted.length, 20);
  out.writeUInt32LE(strings.length, 24);
  out.writeUInt8(LITTLE_ENDIAN, 28);
  out.writeUInt32LE(extension, 32);
  sorted.forEach(({ name, path }, index) => {
    const at = HEADER + ENTRY * index;
    out.writeUInt32LE(flags, at);
    out.writeUInt32LE(start + (offsets.get(name) ?? 0), at + 4);
    out.writeUInt32LE(start + (offsets.get(path) ?? 0), at + 8);
  });
  strings.copy(out, start);
  out.writeUInt32LE(EXTENSION_MAGIC, extension);
  out.writeUInt32LE(1, extension + 4);
  out.writeUInt32LE(extension + 24, extension + 16);
  out.writeUInt32LE(text.length, extension + 20);
  text.copy(out, extension + 24);
  return out;
}
