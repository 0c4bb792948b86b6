import type { ByteReader } from './byteReader.ts';
import type { WheelFault } from './wheelFault.ts';
import { zip64Field, type ZipDirectory, type ZipEntry } from './zipDirectory.ts';

/** Deflate cannot do better than 1032 : 1 (zlib technical details); the rest is block headers. */
const MAX_RATIO = 1032;
const MAX_TOTAL = 64 * 2 ** 30;
/** A whole wheel may be this many times its size once it is larger than FREE_TOTAL. */
const MAX_TOTAL_RATIO = 100;
const FREE_TOTAL = 2 ** 30;
const LOCAL = 0x04034b50;

/**
 * Checks what can be known from the directory alone: names unique, also when case is ignored; no file where another entry
 * needs a folder; entries neither overlap nor lie outside the file; sizes that deflate can have produced.
 */
export function checkDirectory(directory: ZipDirectory, fault: WheelFault): void {
  checkNames(directory.entries, fault);
  checkSizes(directory, fault);
  let previous: ZipEntry | undefined;
  for (const entry of byOffset(directory.entries)) {
    if (previous && lowestEnd(previous) > entry.headerOffset)
      throw fault('002', `overlaps ${JSON.stringify(previous.name)}`, entry.name);
    previous = entry;
  }
  if (previous && lowestEnd(previous) > directory.start)
    throw fault('002', 'reaches into the list of entries', previous.name);
}

function byOffset(entries: readonly ZipEntry[]): ZipEntry[] {
  return [...entries].sort((a, b) => a.headerOffset - b.headerOffset);
}

// The local header's extra field can only make it longer.
function lowestEnd(entry: ZipEntry): number {
  return entry.headerOffset + 30 + Buffer.byteLength(entry.name) + entry.compressedSize;
}

function checkNames(entries: readonly ZipEntry[], fault: WheelFault): void {
  const names = new Map<string, ZipEntry>();
  for (const entry of entries) {
    const folded = entry.name.replace(/\/$/, '').normalize('NFC').toLowerCase();
    const other = names.get(folded);
    if (other) {
      const same = other.name === entry.name;
      throw same
        ? fault('002', 'is listed twice', entry.name)
        : fault('011', `differs from ${JSON.stringify(other.name)} only in case or form`, entry.name);
    }
    names.set(folded, entry);
  }
  const folders = new Map<string, string>();
  for (const entry of entries) {
    const name = entry.name.replace(/\/$/, '');
    for (let cut = name.lastIndexOf('/'); cut > 0; cut = name.lastIndexOf('/', cut - 1)) {
      const folder = name.slice(0, cut);
      const folded = folder.normalize('NFC').toLowerCase();
      const known = folders.get(folded);
      if (known === folder) break;
      if (known !== undefined)
        throw fault(
          '011',
          `lies in a folder that differs from ${JSON.stringify(known)} only in case or form`,
          entry.name,
        );
      folders.set(folded, folder);
      const file = names.get(folded);
      if (file && (!file.name.endsWith('/') || file.name !== `${folder}/`))
        throw fault('011', `needs a folder where ${JSON.stringify(file.name)} is`, entry.name);
    }
  }
}

function checkSizes(directory: ZipDirectory, fault: WheelFault): void {
  let total = 0;
  for (const entry of directory.entries) {
    if (entry.size > entry.compressedSize * MAX_RATIO + 1024)
      throw fault('006', `declares ${entry.size} bytes in ${entry.compressedSize}`, entry.name);
    total += entry.size;
  }
  if (total > MAX_TOTAL || (total > FREE_TOTAL && total > directory.start * MAX_TOTAL_RATIO))
    throw fault('006', `would unpack to ${total} bytes`);
}

/**
 * Reads the entry's local header, which must agree with the directory.
 * @returns offset of the entry's first content byte. Throws RIG-LAYERS-001, -002.
 */
export function contentOffset(entry: ZipEntry, reader: ByteReader, fault: WheelFault): number {
  const header = reader.read(entry.headerOffset, 30);
  if (header.length < 30 || header.readUInt32LE(0) !== LOCAL)
    throw fault('001', 'has no local header', entry.name);
  const nameLength = header.readUInt16LE(26);
  const extraLength = header.readUInt16LE(28);
  const differs =
    header.readUInt16LE(6) !== entry.flags ||
    header.readUInt16LE(8) !== (entry.method === 'deflate' ? 8 : 0) ||
    !agrees(header, entry, () => reader.read(entry.headerOffset + 30 + nameLength, extraLength)) ||
    reader.read(entry.headerOffset + 30, nameLength).toString() !== entry.name;
  if (differs) throw fault('002', 'is described differently in its local header', entry.name);
  return entry.headerOffset + 30 + nameLength + extraLength;
}

function agrees(header: Buffer, entry: ZipEntry, extra: () => Buffer): boolean {
  const crc32 = header.readUInt32LE(14);
  let compressed = header.readUInt32LE(18);
  let size = header.readUInt32LE(22);
  // flag bit 3: checksum and sizes follow the content, the header has zeros
  if ((entry.flags & 8) !== 0 && crc32 === 0 && compressed === 0 && size === 0) return true;
  if (compressed === 0xffffffff || size === 0xffffffff) {
    const field = zip64Field(extra());
    if (!field || field.length < 16) return (entry.flags & 8) !== 0 && crc32 === 0;
    size = Number(field.readBigUInt64LE(0));
    compressed = Number(field.readBigUInt64LE(8));
    if ((entry.flags & 8) !== 0 && crc32 === 0 && compressed === 0 && size === 0) return true;
  }
  return crc32 === entry.crc32 && compressed === entry.compressedSize && size === entry.size;
}

/** With true offsets known, the exact form of the overlap check. Throws RIG-LAYERS-002. */
export function checkExtents(
  located: readonly { entry: ZipEntry; offset: number }[],
  directoryStart: number,
  fault: WheelFault,
): void {
  const sorted = [...located].sort((a, b) => a.offset - b.offset);
  for (const [index, { entry, offset }] of sorted.entries()) {
    const next = sorted[index + 1]?.entry.headerOffset ?? directoryStart;
    if (offset + entry.compressedSize > next) throw fault('002', 'overlaps what follows it', entry.name);
  }
}
