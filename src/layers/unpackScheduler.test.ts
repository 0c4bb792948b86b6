import { mkdir, mkdtemp, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeWheel, type WheelFixture } from '../../tests/layers/wheelFixture.ts';
import { homeLayout, sha256Hex, type HomeLayout, type ProgressEvent } from '../kernel/index.ts';
import { generatedPiece } from './generatedPiece.ts';
import { layersPool } from './layersPool.ts';
import { mergedRoot } from './mergedRoot.ts';
import { loadedPiece } from './pieceSource.ts';
import { hasTree, listTrees, removeTree, settleTrees, sweepScratch, treePath } from './treeStore.ts';
import { unpackScheduler, unpackStoredWheels, type UnpackScheduler } from './unpackScheduler.ts';
import { wheelKey, wheelSource, type WheelInput } from './wheelPiece.ts';
import type { WorkerPool } from './workerPool.ts';

let folder: string;
let home: HomeLayout;
let pool: WorkerPool;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-unpack-'));
  pool = layersPool(2);
});
beforeEach(async () => {
  home = homeLayout(await mkdtemp(join(folder, 'home-')));
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
});

const SITE = 'opt/torchrig/env/lib/python3.11/site-packages';
const noise = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at * 7) >> 3));

function wheelOf(fixture: WheelFixture = {}): { wheel: WheelInput; bytes: Buffer } {
  const { file, bytes, sha256 } = makeWheel(fixture);
  return { wheel: { file, sha256, size: bytes.length, python: '3.11' }, bytes };
}

const big = wheelOf({
  parts: [
    { name: 'demo/a.bin', content: noise },
    { name: 'demo/run', content: '#!/bin/sh\n', mode: 0o100755 },
    { name: 'demo/z.bin', content: noise.toReversed(), method: 0 },
    { name: 'demo-1.0.data/scripts/native', content: Buffer.from([0x7f, 0x45, 0x4c, 0x46]) },
    { name: 'demo-1.0.data/scripts/scripted', content: '#!python\n' },
  ],
});

async function expectTree(): Promise<void> {
  const at = treePath(home, wheelKey(big.wheel));
  expect(await hasTree(home, wheelKey(big.wheel))).toBe(true);
  expect((await readFile(`${at}/${SITE}/demo/a.bin`)).equals(noise)).toBe(true);
  expect((await readFile(`${at}/${SITE}/demo/z.bin`)).equals(noise.toReversed())).toBe(true);
  expect(await readFile(`${at}/opt/torchrig/env/bin/scripted`, 'utf8')).toBe(
    '#!/opt/torchrig/env/bin/python\n',
  );
  const modes = ['demo/run', '../../../bin/native', 'demo/a.bin', 'demo'].map(async (path) => {
    const facts = await stat(join(at, SITE, path));
    return `${(facts.mode & 0o7777).toString(8)} ${facts.mtimeMs / 1000}`;
  });
  expect(await Promise.all(modes)).toEqual([
    '755 315619200',
    '755 315619200',
    '644 315619200',
    '755 315619200',
  ]);
  expect(await readdir(home.tmp)).toEqual([]);
}

async function stored(bytes: Buffer): Promise<string> {
  const path = join(folder, sha256Hex(bytes));
  await writeFile(path, bytes);
  return path;
}

async function arriving(
  steps: (scheduler: UnpackScheduler, part: string) => Promise<void>,
): Promise<UnpackScheduler> {
  const scheduler = await unpackScheduler({ home, pool, wheels: [big.wheel] });
  const part = join(folder, `part-${home.root.slice(-6)}`);
  await mkdir(home.files, { recursive: true });
  await steps(scheduler, part);
  const final = join(home.files, big.wheel.sha256);
  await rename(part, final);
  scheduler.watch.onStored?.(big.wheel.sha256, final);
  return scheduler;
}

describe('unpackScheduler', () => {
  it('unpacks stored wheels once, and tells how far it is', async () => {
    const path = await stored(big.bytes);
    const events: ProgressEvent[] = [];
    const options = {
      home,
      pool,
      wheels: [big.wheel],
      storedPath: () => path,
      progress: (event: ProgressEvent) => events.push(event),
    };
    expect(await unpackStoredWheels(options)).toEqual({ made: 1 });
    await expectTree();
    const done = events.reduce((sum, event) => sum + (event.kind === 'advance' ? event.by : 0), 0);
    expect(done).toBe(big.wheel.size);
    expect(await unpackStoredWheels(options)).toEqual({ made: 0 });
  });

  it('unpacks a wheel while it arrives, tail first, and commits only what is stored', async () => {
    const { sha256, size } = big.wheel;
    const scheduler = await arriving(async ({ watch }, part) => {
      const handle = await open(part, 'w');
      const tail = size - 2000;
      await handle.write(big.bytes.subarray(tail), 0, 2000, tail);
      watch.onTail?.(sha256, part, tail);
      for (let at = 0; at < tail; at += 50_000) {
        const chunk = big.bytes.subarray(at, Math.min(tail, at + 50_000));
        await handle.write(chunk, 0, chunk.length, at);
        watch.onPrefix?.(sha256, part, at + chunk.length);
        await new Promise((done) => setTimeout(done, 5));
      }
      watch.onPrefix?.(sha256, part, size);
      await handle.close();
      await new Promise((done) => setTimeout(done, 100));
      expect(await listTrees(home)).toEqual([]);
      const [scratch = ''] = await readdir(home.tmp);
      expect((await readFile(join(home.tmp, scratch, SITE, 'demo/a.bin'))).equals(noise)).toBe(true);
    });
    expect(await scheduler.done()).toEqual({ made: 1 });
    await expectTree();
  });

  it('begins again when the store does', async () => {
    const { sha256, size } = big.wheel;
    const scheduler = await arriving(async ({ watch }, part) => {
      const wrong = Buffer.from(big.bytes);
      wrong.fill(1, 1000, 2000);
      await writeFile(part, wrong);
      watch.onTail?.(sha256, part, size - 2000);
      watch.onPrefix?.(sha256, part, size);
      await new Promise((done) => setTimeout(done, 50));
      watch.onRestart?.(sha256);
      await writeFile(part, big.bytes);
      watch.onPrefix?.(sha256, part, size);
    });
    expect(await scheduler.done()).toEqual({ made: 1 });
    await expectTree();
  });

  it('believes the stored file, whatever was seen of it before', async () => {
    const { sha256, size } = big.wheel;
    const scheduler = await arriving(async ({ watch }, part) => {
      await writeFile(part, big.bytes);
      watch.onTail?.(sha256, part, size - 2000);
      watch.onPrefix?.(sha256, part, size);
      await rm(part);
      await writeFile(part, big.bytes);
    });
    expect(await scheduler.done()).toEqual({ made: 1 });
    await expectTree();
  });

  it.each([
    ['a wrong checksum', '008', { parts: [{ name: 'demo/a.py', content: 'a', declaredCrc: 7 }] }],
    ['more bytes than declared', '008', { parts: [{ name: 'demo/a.py', content: 'abc', declaredSize: 2 }] }],
    [
      'a stream cut short',
      '008',
      { parts: [{ name: 'demo/a.py', content: 'abc', raw: Buffer.from([0x4b]) }] },
    ],
    [
      'bytes behind the stream',
      '008',
      { parts: [{ name: 'demo/a.py', content: 'abc', raw: Buffer.from('4b4c4a06000000', 'hex') }] },
    ],
    ['another local header', '002', { parts: [{ name: 'demo/a.py', localName: 'demo/b.py' }] }],
    ['a path out of the tree', '003', { parts: [{ name: '../a.py' }] }],
  ])('refuses %s and leaves nothing behind', async (_what, number, fixture) => {
    const { wheel, bytes } = wheelOf(fixture);
    const path = await stored(bytes);
    const work = unpackStoredWheels({ home, pool, wheels: [wheel], storedPath: () => path });
    await expect(work).rejects.toMatchObject({ code: `RIG-LAYERS-${number}` });
    expect(await listTrees(home)).toEqual([]);
    expect(await readdir(home.tmp).catch(() => [])).toEqual([]);
  });

  it('removes unfinished trees when it is closed', async () => {
    const scheduler = await unpackScheduler({ home, pool, wheels: [big.wheel] });
    scheduler.watch.onTail?.(big.wheel.sha256, await stored(big.bytes), big.wheel.size - 2000);
    scheduler.watch.onPrefix?.(big.wheel.sha256, '', big.wheel.size);
    await scheduler.close();
    expect(await readdir(home.tmp)).toEqual([]);
  });
});

describe('trees', () => {
  it('count only while nothing can have been lost', async () => {
    const path = await stored(big.bytes);
    const key = wheelKey(big.wheel);
    await unpackStoredWheels({ home, pool, wheels: [big.wheel], storedPath: () => path });
    const marker = join(home.trees, `${key}.state`);
    await writeFile(marker, 'another boot');
    expect(await hasTree(home, key)).toBe(false);
    expect(await unpackStoredWheels({ home, pool, wheels: [big.wheel], storedPath: () => path })).toEqual({
      made: 1,
    });
    expect(await settleTrees(home)).toBe(1);
    expect(await readFile(marker, 'utf8')).toBe('settled');
    expect(await settleTrees(home)).toBe(0);
    await removeTree(home, key);
    expect(await readdir(home.trees)).toEqual([]);
  });

  it('leave scratch folders of dead processes to be swept', async () => {
    const scheduler = await unpackScheduler({ home, pool, wheels: [big.wheel] });
    scheduler.watch.onTail?.(big.wheel.sha256, await stored(big.bytes), big.wheel.size - 2000);
    await new Promise((done) => setTimeout(done, 100));
    const [mine = ''] = await readdir(home.tmp);
    const dead = mine.replace(`.${process.pid}.`, '.4194303.');
    await mkdir(join(home.tmp, dead, 'x'), { recursive: true });
    await mkdir(join(home.tmp, 'something-else'));
    await sweepScratch(home);
    expect((await readdir(home.tmp)).sort()).toEqual(['something-else', mine].sort());
    await scheduler.close();
  });
});

describe('mergedRoot', () => {
  it('is the union of the trees, without a second copy', async () => {
    const path = await stored(big.bytes);
    await unpackStoredWheels({ home, pool, wheels: [big.wheel], storedPath: () => path });
    const extra = generatedPiece('extra', [
      { path: 'etc/motd', content: 'hello\n', mode: 0o600 },
      { path: 'bin', target: 'usr/bin' },
      { path: 'tmp', folder: true, mode: 0o1777 },
      { path: `${SITE}/demo/run`, content: 'ours\n' },
    ]);
    const pieces = [wheelSource(big.wheel, () => path), loadedPiece(extra)];
    const umask = process.umask(0o077);
    const root = await mergedRoot({ home, pool, pieces }).finally(() => process.umask(umask));
    expect((await stat(root.path)).mode & 0o7777).toBe(0o755);
    expect((await stat(home.roots)).mode & 0o7777).toBe(0o700);
    expect((await stat(join(root.path, 'etc'))).mode & 0o7777).toBe(0o755);
    expect(root).toMatchObject({ made: true, conflicts: [{ path: `${SITE}/demo/run`, winner: 'extra' }] });
    const inTree = await stat(join(treePath(home, wheelKey(big.wheel)), SITE, 'demo/a.bin'));
    expect((await stat(join(root.path, SITE, 'demo/a.bin'))).ino).toBe(inTree.ino);
    expect(await readFile(join(root.path, SITE, 'demo/run'), 'utf8')).toBe('ours\n');
    expect((await stat(join(root.path, 'tmp'))).mode & 0o7777).toBe(0o1777);
    expect((await stat(join(root.path, 'etc/motd'))).mode & 0o7777).toBe(0o600);
    expect((await stat(join(root.path, 'etc'))).mtimeMs).toBe(315_619_200_000);
    expect(await mergedRoot({ home, pool, pieces })).toMatchObject({ made: false, path: root.path });
    expect((await mergedRoot({ home, pool, pieces: pieces.toReversed() })).key).not.toBe(root.key);
  });

  it('names a tree that is missing', async () => {
    const pieces = [wheelSource(big.wheel, () => stored(big.bytes))];
    await expect(mergedRoot({ home, pool, pieces })).rejects.toMatchObject({ code: 'RIG-LAYERS-012' });
  });
});
