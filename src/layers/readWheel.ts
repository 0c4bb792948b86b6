import { eq, valid } from '@renovatebot/pep440';
import { crc32, inflateRawSync } from 'node:zlib';
import type { ByteReader } from './byteReader.ts';
import { normalizedName, parseWheelFileName, type WheelFileName } from './wheelFileName.ts';
import { wheelFault, type WheelFault } from './wheelFault.ts';
import { checkDirectory, checkExtents, contentOffset } from './zipChecks.ts';
import { END_SEARCH, readDirectory, type ZipDirectory, type ZipEntry } from './zipDirectory.ts';

/** What the central directory of a wheel tells; enough to unpack its entries. */
export interface WheelDirectory extends ZipDirectory {
  id: WheelFileName;
  /** `torch-2.7.1.dist-info`. */
  distInfo: string;
  /** `torch-2.7.1.data`, whether or not there is one. */
  data: string;
}

/** A wheel read completely: every local header seen and checked. */
export interface WheelListing extends WheelDirectory {
  /** First content byte of each entry, by name. */
  offsets: Map<string, number>;
  /** Inflates one small entry; checks size and CRC. Undefined when there is no such entry. */
  text(name: string): Buffer | undefined;
  /** The first bytes of an entry. */
  head(entry: ZipEntry, length: number): Buffer;
}

/** Text entries (RECORD, entry points, scripts) larger than this are refused. */
const MAX_TEXT = 64 * 2 ** 20;

/**
 * Reads a wheel's directory from the end of its file, which may still be all that is there of it.
 * @returns the directory, or `{needFrom}` when more of the tail is needed
 * Throws RIG-LAYERS-001 to -007, -011.
 */
export function readWheelDirectory(
  file: string,
  tail: Buffer,
  tailStart: number,
): WheelDirectory | { needFrom: number } {
  const id = parseWheelFileName(file);
  const fault = wheelFault(file);
  const directory = readDirectory(tail, tailStart, fault);
  if ('needFrom' in directory) return directory;
  checkDirectory(directory, fault);
  return { ...directory, id, ...infoFolders(directory.entries, id, fault) };
}

function infoFolders(
  entries: readonly ZipEntry[],
  id: WheelFileName,
  fault: WheelFault,
): { distInfo: string; data: string } {
  const folders = new Set<string>();
  for (const { name } of entries) {
    const cut = name.indexOf('.dist-info/');
    if (cut > 0 && name.indexOf('/') === cut + 10) folders.add(name.slice(0, cut));
  }
  const [stem, ...others] = folders;
  if (stem === undefined || others.length > 0)
    throw fault('007', `has ${folders.size} .dist-info folders instead of one`);
  const cut = stem.indexOf('-');
  const version = stem.slice(cut + 1);
  if (cut < 0 || normalizedName(stem.slice(0, cut)) !== id.name || !sameVersion(version, id.version))
    throw fault('007', `describes itself as ${JSON.stringify(stem)}`);
  return { distInfo: `${stem}.dist-info`, data: `${stem}.data` };
}

const plain = (text: string): string => text.toLowerCase().replaceAll('_', '-');

function sameVersion(a: string, b: string): boolean {
  if (plain(a) === plain(b)) return true;
  return valid(plain(a)) !== null && valid(plain(b)) !== null && eq(plain(a), plain(b));
}

/** Reads the directory of a stored wheel. Throws RIG-LAYERS-001 to -007, -011. */
export function readDirectoryOf(file: string, reader: ByteReader): WheelDirectory {
  let from = Math.max(0, reader.size - END_SEARCH);
  // At most three rounds: end record, zip64 record, list of entries.
  for (;;) {
    const tail = Buffer.from(reader.read(from, reader.size - from));
    const directory = readWheelDirectory(file, tail, from);
    if (!('needFrom' in directory)) return directory;
    if (directory.needFrom >= from) throw wheelFault(file)('001', 'its list of entries is damaged');
    from = directory.needFrom;
  }
}

/** Reads a whole wheel from a stored file. Throws RIG-LAYERS-001 to -007, -011. */
export function readWheel(file: string, reader: ByteReader): WheelListing {
  const fault = wheelFault(file);
  const directory = readDirectoryOf(file, reader);
  const located = directory.entries.map((entry) => ({ entry, offset: contentOffset(entry, reader, fault) }));
  checkExtents(located, directory.start, fault);
  const offsets = new Map(located.map(({ entry, offset }) => [entry.name, offset]));
  const entries = new Map(directory.entries.map((entry) => [entry.name, entry]));
  const raw = (entry: ZipEntry, length: number): Buffer =>
    reader.read(offsets.get(entry.name) ?? 0, Math.min(length, entry.compressedSize));
  return {
    ...directory,
    offsets,
    text(name) {
      const entry = entries.get(name);
      return entry && inflateEntry(entry, raw(entry, entry.compressedSize), fault);
    },
    head(entry, length) {
      const bytes = raw(entry, 4096);
      if (entry.method === 'stored') return bytes.subarray(0, length);
      try {
        // Z_SYNC_FLUSH: what the first bytes give, without asking for the end of the stream
        return inflateRawSync(bytes, { finishFlush: 2 }).subarray(0, length);
      } catch (error) {
        throw Object.assign(fault('008', 'does not decompress', entry.name), { cause: error });
      }
    },
  };
}

function inflateEntry(entry: ZipEntry, bytes: Buffer, fault: WheelFault): Buffer {
  if (entry.size > MAX_TEXT) throw fault('006', `is too large for a text (${entry.size} bytes)`, entry.name);
  let content: Buffer;
  try {
    content =
      entry.method === 'stored'
        ? Buffer.from(bytes)
        : inflateRawSync(bytes, { maxOutputLength: entry.size + 1 });
  } catch {
    throw fault('008', 'does not decompress to its declared size', entry.name);
  }
  if (content.length !== entry.size || crc32(content) !== entry.crc32)
    throw fault('008', 'has another size or checksum than declared', entry.name);
  return content;
}
