import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of a zip to be written; the second group of fields makes it lie. */
export interface ZipPart {
  name: string | Buffer;
  content?: string | Uint8Array;
  /** Unix mode with type bits; default 0o100644, folders 0o040755. */
  mode?: number;
  method?: 0 | 8;
  /** Sizes and checksum behind the content instead of before it. */
  descriptor?: boolean;
  zip64?: boolean;

  localName?: string;
  flags?: number;
  centralMethod?: number;
  declaredSize?: number;
  declaredCrc?: number;
  localSize?: number;
  /** Replaces the compressed bytes. */
  raw?: Uint8Array;
  /** Points to the content of another part (index). */
  offsetOf?: number;
}

/** Writes a zip by hand, lies included. */
export function makeZip(
  parts: readonly ZipPart[],
  options: { entries?: number; comment?: string } = {},
): Buffer {
  const bodies: Buffer[] = [];
  const central: Buffer[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (const part of parts) {
    const entry = encode(part);
    offsets.push(at);
    const headerOffset = part.offsetOf === undefined ? at : (offsets[part.offsetOf] ?? 0);
    bodies.push(entry.local);
    at += entry.local.length;
    central.push(centralRecord(part, entry, headerOffset));
  }
  const directory = Buffer.concat(central);
  const comment = Buffer.from(options.comment ?? '');
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(options.entries ?? parts.length, 8);
  end.writeUInt16LE(options.entries ?? parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...bodies, directory, end, comment]);
}

interface Encoded {
  local: Buffer;
  name: Buffer;
  flags: number;
  method: number;
  crc: number;
  compressed: number;
  size: number;
}

function encode(part: ZipPart): Encoded {
  const name = Buffer.from(part.name);
  const content = Buffer.from(part.content ?? '');
  const method = part.method ?? 8;
  const data = Buffer.from(part.raw ?? (method === 8 ? deflateRawSync(content) : content));
  const crc = part.declaredCrc ?? crc32(content);
  const size = part.declaredSize ?? content.length;
  const flags = part.flags ?? (part.descriptor ? 8 : 0);
  const localName = Buffer.from(part.localName ?? part.name);
  const extra = part.zip64 ? zip64Extra([part.localSize ?? size, data.length]) : Buffer.alloc(0);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt16LE(method, 8);
  header.writeUInt16LE(0x21, 12);
  if (!part.descriptor) {
    header.writeUInt32LE(crc, 14);
    header.writeUInt32LE(part.zip64 ? 0xffffffff : data.length, 18);
    header.writeUInt32LE(part.zip64 ? 0xffffffff : (part.localSize ?? size), 22);
  }
  header.writeUInt16LE(localName.length, 26);
  header.writeUInt16LE(extra.length, 28);
  const trailer = Buffer.alloc(part.descriptor ? 16 : 0);
  if (part.descriptor) {
    trailer.writeUInt32LE(0x08074b50, 0);
    trailer.writeUInt32LE(crc, 4);
    trailer.writeUInt32LE(data.length, 8);
    trailer.writeUInt32LE(size, 12);
  }
  const local = Buffer.concat([header, localName, extra, data, trailer]);
  return { local, name, flags, method: part.centralMethod ?? method, crc, compressed: data.length, size };
}

function centralRecord(part: ZipPart, entry: Encoded, headerOffset: number): Buffer {
  const extra = part.zip64 ? zip64Extra([entry.size, entry.compressed, headerOffset]) : Buffer.alloc(0);
  const record = Buffer.alloc(46);
  const isFolder = entry.name.at(-1) === 0x2f;
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE((3 << 8) | 20, 4);
  record.writeUInt16LE(20, 6);
  record.writeUInt16LE(entry.flags, 8);
  record.writeUInt16LE(entry.method, 10);
  record.writeUInt16LE(0x21, 14);
  record.writeUInt32LE(entry.crc, 16);
  record.writeUInt32LE(part.zip64 ? 0xffffffff : entry.compressed, 20);
  record.writeUInt32LE(part.zip64 ? 0xffffffff : entry.size, 24);
  record.writeUInt16LE(entry.name.length, 28);
  record.writeUInt16LE(extra.length, 30);
  record.writeUInt32LE(((part.mode ?? (isFolder ? 0o040755 : 0o100644)) << 16) >>> 0, 38);
  record.writeUInt32LE(part.zip64 ? 0xffffffff : headerOffset, 42);
  return Buffer.concat([record, entry.name, extra]);
}

function zip64Extra(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return extra;
}

export interface WheelFixture {
  /** `demo`. */
  name?: string;
  version?: string;
  /** Besides the .dist-info, which is added. */
  parts?: readonly ZipPart[];
  entryPoints?: string;
}

/** A proper small wheel: `<name>-<version>-py3-none-any.whl`. */
export function makeWheel(fixture: WheelFixture = {}): { file: string; bytes: Buffer; sha256: string } {
  const {
    name = 'demo',
    version = '1.0',
    parts = [{ name: `${name}/__init__.py`, content: 'x = 1\n' }],
  } = fixture;
  const info = `${name}-${version}.dist-info`;
  const described: ZipPart[] = [
    ...parts,
    { name: `${info}/METADATA`, content: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n` },
    {
      name: `${info}/WHEEL`,
      content: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    },
  ];
  if (fixture.entryPoints !== undefined)
    described.push({ name: `${info}/entry_points.txt`, content: fixture.entryPoints });
  const rows = described
    .filter((part) => !String(part.name).endsWith('/'))
    .map((part) => {
      const content = Buffer.from(part.content ?? '');
      const hash = createHash('sha256').update(content).digest('base64url');
      const name = part.name.toString();
      return `${name.includes(',') ? `"${name}"` : name},sha256=${hash},${content.length}\n`;
    });
  described.push({ name: `${info}/RECORD`, content: `${rows.join('')}${info}/RECORD,,\n` });
  const bytes = makeZip(described);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file: `${name}-${version}-py3-none-any.whl`, bytes, sha256 };
}
