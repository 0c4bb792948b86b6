import { mkdir, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, parseStat, readBox } from './boxIdentity.ts';
import { copyRoot } from './copyRoot.ts';
import { insideEnv } from './insideEnv.ts';
import { insidePath } from './insidePath.ts';
import { logStream } from './logStream.ts';
import { networkFiles } from './networkFiles.ts';
import { placeInRoot } from './placeInRoot.ts';
import { pretendFilter } from './pretendFilter.ts';
import { extractLoaders, loaderEnv } from './prootLoader.ts';
import { subordinateRange } from './subordinateIds.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'rig-engine-unit-'));
});
afterEach(async () => rm(base, { recursive: true, force: true }));

async function all(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.toString();
  return text;
}

describe('who a process is', () => {
  it('a program name with brackets and blanks', () => {
    const text = `12 (a) b (c)) S 1 ${'0 '.repeat(17)}4711 0`;
    expect(parseStat(text)).toEqual({ pid: 12, state: 'S', parent: 1, startTime: '4711' });
  });
  it('this process is alive; with another start time or boot it is not', async () => {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const file = join(base, 'box');
    await writeFile(file, `${(await readFile('/proc/self/stat', 'utf8')).trim()}\npid:[1]\n${boot}\n`);
    const box = await readBox(file);
    expect(box && isAlive(box)).toBe(true);
    expect(box && isAlive({ ...box, startTime: '1' })).toBe(false);
    expect(box && isAlive({ ...box, bootId: 'x' })).toBe(false);
  });
  it.each(['', '1 (init) S\n', 'nonsense\nx\ny\n'])('%j is no box', async (text) => {
    await writeFile(join(base, 'box'), text);
    expect(await readBox(join(base, 'box'))).toBeUndefined();
  });
});

it('the filter is that of sandbox.md: 18 instructions, as seccomp(2) wants them', () => {
  const filter = pretendFilter('x64');
  expect(filter?.length).toBe(144);
  expect(filter?.subarray(0, 16).toString('hex')).toBe('20000000040000001500000e3e0000c0');
  expect(filter?.subarray(-16).toString('hex')).toBe('060000000000ff7f0600000000000500');
  expect(pretendFilter('s390x')).toBeUndefined();
});

const dead = async (): Promise<boolean> => false;

describe('the log', () => {
  it('whole, or its last lines', async () => {
    const log = join(base, 'log');
    await writeFile(log, 'a\nb\nc\n');
    expect(await all(logStream(log, dead))).toBe('a\nb\nc\n');
    expect(await all(logStream(log, dead, { tail: 2 }))).toBe('b\nc\n');
    expect(await all(logStream(log, dead, { tail: 9 }))).toBe('a\nb\nc\n');
    expect(await all(logStream(log, dead, { tail: 0 }))).toBe('');
    expect(await all(logStream(join(base, 'none'), dead))).toBe('');
  });
  it('begins anew when the file was cut', async () => {
    const log = join(base, 'log');
    await writeFile(log, 'long line\n');
    let turns = 0;
    const alive = async (): Promise<boolean> => {
      turns += 1;
      if (turns === 2) await truncate(log, 0);
      if (turns === 2) await writeFile(log, 'new\n');
      return turns < 3;
    };
    expect(await all(logStream(log, alive, { follow: true }))).toBe('long line\nnew\n');
  });
});

describe('paths inside', () => {
  it('links lead nowhere out', async () => {
    await mkdir(join(base, 'etc'));
    await symlink('/var/x', join(base, 'abs'));
    await symlink('../../../../../etc', join(base, 'up'));
    expect(await insidePath(base, '/abs/y')).toBe(join(base, 'var/x/y'));
    expect(await insidePath(base, '/up/passwd')).toBe(join(base, 'etc/passwd'));
    expect(await insidePath(base, '/../../etc')).toBe(join(base, 'etc'));
    await symlink('loop', join(base, 'loop'));
    await expect(insidePath(base, '/loop')).rejects.toThrow('too many links');
  });
  it('files are placed instead of links, not through them', async () => {
    const outside = join(base, 'outside');
    await writeFile(outside, 'safe');
    const root = join(base, 'root');
    await mkdir(join(root, 'etc'), { recursive: true });
    await symlink(outside, join(root, 'etc/resolv.conf'));
    await placeInRoot(
      root,
      [{ path: '/etc/resolv.conf', content: 'new', mode: 0o600 }],
      [['/run/a/b', '/x']],
    );
    expect(await readFile(outside, 'utf8')).toBe('safe');
    expect((await stat(join(root, 'etc/resolv.conf'))).mode & 0o777).toBe(0o600);
  });
});

it('a copied root shares large files and none that is small', async () => {
  const from = join(base, 'from');
  await mkdir(join(from, 'lib'), { recursive: true });
  await writeFile(join(from, 'lib/big.so'), Buffer.alloc(2 ** 20));
  await writeFile(join(from, 'small'), 'x', { mode: 0o751 });
  await symlink('small', join(from, 'link'));
  await copyRoot(from, join(base, 'to'));
  const inode = async (path: string): Promise<number> => (await stat(join(base, path))).ino;
  expect(await inode('to/lib/big.so')).toBe(await inode('from/lib/big.so'));
  expect(await inode('to/small')).not.toBe(await inode('from/small'));
  expect((await stat(join(base, 'to/small'))).mode & 0o7777).toBe(0o751);
  const times = await Promise.all(
    ['to', 'from'].map(async (name) => (await stat(join(base, name, 'small'))).mtimeMs),
  );
  expect(times[0]).toBeCloseTo(times[1] ?? 0, -1);
});

it('the host name is resolvable, once', async () => {
  await writeFile(join(base, 'hosts'), '127.0.0.1 localhost\n');
  const files = await networkFiles('lab', base);
  expect(files.find(({ path }) => path === '/etc/hosts')?.content).toBe(
    '127.0.0.1 localhost\n127.0.1.1 lab\n',
  );
  await writeFile(join(base, 'hosts'), '127.0.0.1 lab\n');
  expect((await networkFiles('lab', base)).find(({ path }) => path === '/etc/hosts')?.content).toBe(
    '127.0.0.1 lab\n',
  );
});

it("the caller's range of ids, by name or number", async () => {
  const file = join(base, 'subuid');
  await writeFile(file, 'other:1:2\nme:100000:65536\n1001:7:8\n');
  expect(await subordinateRange(file, { name: 'me', uid: 5 })).toEqual({ start: 100000, count: 65536 });
  expect(await subordinateRange(file, { name: 'you', uid: 1001 })).toEqual({ start: 7, count: 8 });
  expect(await subordinateRange(file, { name: 'nobody', uid: 9 })).toBeUndefined();
});

it("the environment inside: ours, then the image's, then the user's", () => {
  const env = insideEnv({ env: ['PATH=/opt/bin', 'A=1', 'B=x=y', 'C'] }, { A: '2' });
  expect(env).toMatchObject({ PATH: '/opt/bin', A: '2', B: 'x=y', C: '', HOME: '/root' });
});

describe("proot's loaders", () => {
  it('are taken out of the program whole, and it is told where they lie', async () => {
    const [wide, narrow] = [elf(2, 'sixty-four'), elf(1, 'thirty-two')];
    const parts = [elf(2, 'proot'), Buffer.from('\x7fELF is also a string'), wide, Buffer.alloc(5), narrow];
    await writeFile(join(base, 'proot'), Buffer.concat([...parts, Buffer.from('rest')]));
    await extractLoaders(join(base, 'proot'), base);
    const env = loaderEnv(base);
    expect(await readFile(env['PROOT_LOADER'] ?? '')).toEqual(wide);
    expect(await readFile(env['PROOT_LOADER_32'] ?? '')).toEqual(narrow);
    expect((await stat(env['PROOT_LOADER'] ?? '')).mode & 0o777).toBe(0o500);
  });
});

/** As much of an ELF file as says where it ends. */
function elf(bits: 1 | 2, body: string): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header.set([bits, 1, 1], 4);
  const entries = bits === 2 ? 58 : 46;
  if (bits === 2) header.writeBigUInt64LE(BigInt(64 + body.length), 40);
  else header.writeUInt32LE(64 + body.length, 32);
  header.writeUInt16LE(8, entries);
  header.writeUInt16LE(2, entries + 2);
  return Buffer.concat([header, Buffer.from(body), Buffer.alloc(16, 's')]);
}
