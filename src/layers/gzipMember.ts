import { crc32 } from 'node:zlib';

/** Start of every member (RFC 1952): deflate, no flags, MTIME 0, XFL 0, OS 255 (unknown). */
export const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/** Most a stored deflate block can hold. */
export const STORED_MAX = 65_535;

/** End of a member: CRC-32 and size (mod 2^32) of its content. */
export function gzipTrailer(sum: number, size: number): Buffer {
  const trailer = Buffer.allocUnsafe(8);
  trailer.writeUInt32LE(sum >>> 0, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  return trailer;
}

/** Header of a stored block (RFC 1951, 3.2.4) at a byte boundary. */
export function storedBlock(length: number, isLast: boolean): Buffer {
  const header = Buffer.allocUnsafe(5);
  header[0] = isLast ? 1 : 0;
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(length ^ 0xffff, 3);
  return header;
}

/** A whole member that holds `content` uncompressed: its bytes depend on nothing but the content. */
export function storedMember(content: Uint8Array): Buffer {
  const parts: Uint8Array[] = [GZIP_HEADER];
  for (let at = 0; ; at += STORED_MAX) {
    const isLast = at + STORED_MAX >= content.length;
    const block = content.subarray(at, at + STORED_MAX);
    parts.push(storedBlock(block.length, isLast), block);
    if (isLast) break;
  }
  parts.push(gzipTrailer(crc32(content), content.length));
  return Buffer.concat(parts);
}
