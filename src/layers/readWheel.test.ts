import { describe, expect, it } from 'vitest';
import { isRigError } from '../kernel/index.ts';
import { makeWheel, makeZip, type ZipPart } from '../../tests/layers/wheelFixture.ts';
import type { ByteReader } from './byteReader.ts';
import { readWheel, readWheelDirectory } from './readWheel.ts';

const memory = (bytes: Buffer): ByteReader => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
  close: () => {},
});

const FILE = 'demo-1.0-py3-none-any.whl';
const read = (bytes: Buffer, file = FILE): ReturnType<typeof readWheel> => readWheel(file, memory(bytes));

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isRigError(error) && error.message.includes('.whl')) return error.code;
    throw error;
  }
  return 'accepted';
}

const withParts = (...parts: ZipPart[]): Buffer => makeWheel({ parts }).bytes;

describe('a proper wheel', () => {
  it('is read with names, sizes, offsets and texts', () => {
    const { bytes } = makeWheel({
      parts: [
        { name: 'demo/', mode: 0o040755, method: 0 },
        { name: 'demo/a.py', content: 'a = 1\n' },
        { name: 'demo/stored.bin', content: 'plain', method: 0 },
        { name: 'demo/großes.txt', content: 'ß' },
        { name: 'demo/later.txt', content: 'sizes follow', descriptor: true },
        { name: 'demo/empty', content: '' },
      ],
    });
    const wheel = read(bytes);
    expect(wheel.id).toMatchObject({ name: 'demo', version: '1.0' });
    expect(wheel.distInfo).toBe('demo-1.0.dist-info');
    expect(wheel.text('demo/a.py')?.toString()).toBe('a = 1\n');
    expect(wheel.text('demo/later.txt')?.toString()).toBe('sizes follow');
    expect(wheel.text('demo/empty')).toHaveLength(0);
    expect(wheel.text('nothing')).toBeUndefined();
    const at = wheel.offsets.get('demo/stored.bin') ?? 0;
    expect(bytes.toString('latin1', at, at + 5)).toBe('plain');
  });

  it('may be zip64', () => {
    const wheel = read(withParts({ name: 'demo/a.py', content: 'a = 1\n', zip64: true }));
    expect(wheel.text('demo/a.py')?.toString()).toBe('a = 1\n');
  });

  it('may have a zip64 end record', () => {
    const { bytes } = makeWheel();
    const end = bytes.subarray(-22);
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50, 0);
    record.writeBigUInt64LE(44n, 4);
    for (const at of [24, 32]) record.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), at);
    record.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
    record.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(bytes.length - 22), 8);
    locator.writeUInt32LE(1, 16);
    const saturated = Buffer.from(end);
    saturated.fill(0xff, 8, 20);
    const zip64 = Buffer.concat([bytes.subarray(0, -22), record, locator, saturated]);
    expect(read(zip64).text('demo/__init__.py')?.toString()).toBe('x = 1\n');
  });

  it('tells how much of its tail is needed', () => {
    const { bytes } = makeWheel();
    const short = readWheelDirectory(FILE, bytes.subarray(-30), bytes.length - 30);
    expect(short).toEqual({ needFrom: bytes.readUInt32LE(bytes.length - 6) });
    const from = (short as { needFrom: number }).needFrom;
    expect(readWheelDirectory(FILE, bytes.subarray(from), from)).toMatchObject({ start: from });
  });
});

describe('a hostile or broken wheel is refused', () => {
  const a: ZipPart = { name: 'demo/a.py', content: 'a = 1\n' };
  const { bytes } = makeWheel();
  const cut = (count: number): Buffer => bytes.subarray(0, bytes.length - count);
  const patched = (at: number, value: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = value;
    return copy;
  };
  it.each<[string, string, Buffer]>([
    ['empty', '001', Buffer.alloc(0)],
    ['a page of HTML', '001', Buffer.from('<html>404</html>'.repeat(100))],
    ['cut by one byte', '001', cut(1)],
    ['cut in its directory', '001', cut(60)],
    ['with bytes behind its end', '001', Buffer.concat([bytes, Buffer.from('x')])],
    ['with bytes before its start', '001', Buffer.concat([Buffer.from('x'), bytes])],
    ['without a local header', '001', patched(0, 0)],
    ['with fewer entries than listed', '001', makeZip([a], { entries: 2 })],
    ['with more entries than listed', '002', makeZip([a, { name: 'b' }], { entries: 1 })],
    ['one name twice', '002', withParts(a, a)],
    ['two entries on the same bytes', '002', withParts(a, { ...a, name: 'demo/b.py', offsetOf: 0 })],
    ['another name in the local header', '002', withParts({ ...a, localName: 'demo/b.py' })],
    ['another size in the local header', '002', withParts({ ...a, localSize: 5 })],
    [
      'stored with two sizes',
      '002',
      withParts({ name: 'demo/a', content: 'abc', method: 0, declaredSize: 2 }),
    ],
    ['a folder with content', '002', withParts({ name: 'demo/x/', content: 'abc' })],
    ['an absolute path', '003', withParts({ name: '/etc/passwd' })],
    ['a drive', '003', withParts({ name: 'C:/x' })],
    ['..', '003', withParts({ name: 'demo/../../x' })],
    ['. in the path', '003', withParts({ name: 'demo/./x' })],
    ['an empty part', '003', withParts({ name: 'demo//x' })],
    ['a backslash', '003', withParts({ name: String.raw`demo\..\x` })],
    ['NUL', '003', withParts({ name: 'demo/a\0.py' })],
    ['no UTF-8', '003', withParts({ name: Buffer.from([0x64, 0xff, 0x2f, 0x61]) })],
    ['a name of 300 bytes', '003', withParts({ name: `demo/${'n'.repeat(300)}` })],
    ['a symbolic link', '004', withParts({ name: 'demo/l', content: '/etc/passwd', mode: 0o120777 })],
    [
      'a symbolic link to its own folder',
      '004',
      withParts({ name: 'demo/l', content: 'a.py', mode: 0o120777 }),
    ],
    ['a device', '004', withParts({ name: 'demo/d', mode: 0o020666 })],
    ['encrypted', '005', withParts({ ...a, flags: 1 })],
    ['bzip2', '005', withParts({ ...a, centralMethod: 12 })],
    ['a bomb by its declared size', '006', withParts({ ...a, declaredSize: 4_000_000_000 })],
    ['no .dist-info', '007', makeZip([a])],
    ['two .dist-info', '007', withParts(a, { name: 'other-1.0.dist-info/METADATA' })],
    ['another name inside', '007', makeWheel({ name: 'other' }).bytes],
    ['another version inside', '007', makeWheel({ version: '2.0' }).bytes],
    ['names that differ only in case', '011', withParts(a, { ...a, name: 'demo/A.py' })],
    ['folders that differ only in case', '011', withParts(a, { ...a, name: 'Demo/b.py' })],
    ['a file where a folder is needed', '011', withParts({ name: 'demo/x' }, { name: 'demo/x/y' })],
  ])('%s', (_what, number, zip) => {
    expect(codeOf(() => read(zip))).toBe(`RIG-LAYERS-${number}`);
  });

  it('content that is not what it declares', () => {
    const bad = read(withParts({ ...a, declaredCrc: 1 }));
    expect(codeOf(() => bad.text('demo/a.py'))).toBe('RIG-LAYERS-008');
    const longer = read(withParts({ ...a, declaredSize: 5 }));
    expect(codeOf(() => longer.text('demo/a.py'))).toBe('RIG-LAYERS-008');
    const garbage = read(withParts({ ...a, raw: Buffer.alloc(9, 0xff) }));
    expect(codeOf(() => garbage.text('demo/a.py'))).toBe('RIG-LAYERS-008');
  });

  it('a file name that is no wheel', () => {
    expect(codeOf(() => read(bytes, 'demo.whl'))).toBe('RIG-LAYERS-007');
    expect(codeOf(() => read(bytes, '../demo-1.0-py3-none-any.whl'))).toBe('RIG-LAYERS-007');
  });

  it('says which entry of which wheel, with control characters visible', () => {
    expect(() => read(withParts({ name: 'demo/a\x1b[2J.py' }))).toThrow(
      String.raw`${FILE}: entry "demo/a\u001b[2J.py"`,
    );
  });
});
