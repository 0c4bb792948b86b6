import { createInflateRaw } from 'node:zlib';
import { EXIT, RigError } from '../kernel/index.ts';
import type { RemoteFile } from '../sources/index.ts';

/** A member of a zip file, as its central directory describes it (APPNOTE 4.3.12). */
export interface ZipEntry {
  name: string;
  method: number;
  compressedSize: number;
  size: number;
  /** Of its local header. */
  offset: number;
}

const broken = (why: string): RigError =>
  new RigError('RIG-COMPAT-010', 'the wheel is not a readable zip file', { why, exitCode: EXIT.source });

/** End-of-directory record is at most this far from the end (22 bytes and a comment of 65,535), plus its zip64 parts. */
const TAIL = 22 + 65_535 + 76;
/** libtorch_python.so has 30 MB; a member that claims far more is not worth inflating. */
const MOST_MEMBER = 1024 * 1024 * 1024;
/** A torch wheel's directory is about 1.5 MB. */
const MOST_DIRECTORY = 64 * 1024 * 1024;
const SENTINEL = 0xffff_ffff;

async function findDirectory(reader: RemoteFile): Promise<{ offset: number; size: number }> {
  const length = Math.min(TAIL, reader.size);
  const start = reader.size - length;
  const tail = Buffer.from(await reader.read(start, length));
  const end = tail.lastIndexOf('PK\x05\x06', tail.length - 22, 'latin1');
  if (end < 0 || tail.length < 22) throw broken('It has no end-of-directory record.');
  let size = tail.readUInt32LE(end + 12);
  let offset = tail.readUInt32LE(end + 16);
  if (size === SENTINEL || offset === SENTINEL) {
    const locator = end - 20;
    if (locator < 0 || tail.readUInt32LE(locator) !== 0x0706_4b50)
      throw broken('Its zip64 locator is missing.');
    const record = Number(tail.readBigUInt64LE(locator + 8)) - start;
    if (record < 0 || record + 56 > tail.length) throw broken('Its zip64 record lies elsewhere.');
    size = Number(tail.readBigUInt64LE(record + 40));
    offset = Number(tail.readBigUInt64LE(record + 48));
  }
  if (size > MOST_DIRECTORY || offset + size > reader.size)
    throw broken('Its directory lies outside the file.');
  return { offset, size };
}

/** Values that did not fit 32 bits, from the zip64 extra field (APPNOTE 4.5.3), in their order. */
function zip64Values(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const size = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      const field = extra.subarray(at + 4, at + 4 + size);
      return Array.from({ length: Math.floor(field.length / 8) }, (_, index) =>
        Number(field.readBigUInt64LE(index * 8)),
      );
    }
    at += 4 + size;
  }
  return [];
}

/** The zip directory by member name. @throws RigError RIG-COMPAT-010 */
export async function readZipDirectory(reader: RemoteFile): Promise<Map<string, ZipEntry>> {
  const { offset, size } = await findDirectory(reader);
  const directory = Buffer.from(await reader.read(offset, size));
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < directory.length;) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x0201_4b50)
      throw broken('Its directory is damaged.');
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
    const wide = zip64Values(directory.subarray(nameEnd, extraEnd));
    const pick = (value: number): number => (value === SENTINEL ? (wide.shift() ?? value) : value);
    const name = directory.toString('utf8', at + 46, nameEnd);
    const uncompressed = pick(directory.readUInt32LE(at + 24));
    const compressed = pick(directory.readUInt32LE(at + 20));
    entries.set(name, {
      name,
      method: directory.readUInt16LE(at + 10),
      compressedSize: compressed,
      size: uncompressed,
      offset: pick(directory.readUInt32LE(at + 42)),
    });
    at = extraEnd + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** Bytes fetched at a time; the next piece is on its way while one is inflated. */
const PIECE = 1024 * 1024;

async function* compressedBytes(reader: RemoteFile, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const header = Buffer.from(await reader.read(entry.offset, 30));
  if (header.readUInt32LE(0) !== 0x0403_4b50) throw broken(`The local header of ${entry.name} is missing.`);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const end = start + entry.compressedSize;
  const fetchAt = (at: number): Promise<Uint8Array> | undefined => {
    const piece = at < end ? reader.read(at, Math.min(PIECE, end - at)) : undefined;
    // awaited later; a reader that stops early must not leave an unhandled rejection
    piece?.catch(() => undefined);
    return piece;
  };
  let next = fetchAt(start);
  for (let at = start; at < end; at += PIECE) {
    const piece = await next;
    next = fetchAt(at + PIECE);
    if (piece) yield piece;
  }
}

/**
 * Inflates one member piece by piece; stop reading and nothing more is fetched.
 * @throws RigError RIG-COMPAT-010 when it is not stored or deflated, damaged, or larger than it says
 */
export async function* readMember(reader: RemoteFile, entry: ZipEntry): AsyncGenerator<Buffer> {
  if (entry.method === 0) {
    for await (const piece of compressedBytes(reader, entry)) yield Buffer.from(piece);
    return;
  }
  if (entry.size > MOST_MEMBER) throw broken(`${entry.name} is too large for what it is.`);
  if (entry.method !== 8) throw broken(`${entry.name} is packed by method ${entry.method}.`);
  const inflate = createInflateRaw({ chunkSize: 256 * 1024 });
  const pump = (async () => {
    try {
      for await (const piece of compressedBytes(reader, entry)) {
        if (inflate.destroyed) return;
        if (!inflate.write(piece))
          await new Promise((resolve) => inflate.once('drain', resolve).once('close', resolve));
      }
      inflate.end();
    } catch (error) {
      inflate.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  })();
  let total = 0;
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > entry.size) throw broken(`${entry.name} is larger than the directory says.`);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof RigError ? error : broken(`${entry.name} does not inflate.`);
  } finally {
    inflate.destroy();
    await pump;
  }
}

/** A small member as text. */
export async function readText(reader: RemoteFile, entry: ZipEntry): Promise<string> {
  if (entry.size > 4 * 1024 * 1024) throw broken(`${entry.name} is too large for what it is.`);
  const parts: Buffer[] = [];
  for await (const part of readMember(reader, entry)) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
