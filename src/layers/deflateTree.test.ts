import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { homeLayout, sha256Hex, type HomeLayout } from '../kernel/index.ts';
import { deflatedTree } from './deflateTree.ts';
import { ensureTrees } from './ensureTrees.ts';
import { layerFacts, openLayer } from './finishLayer.ts';
import { generatedPiece } from './generatedPiece.ts';
import { layersPool } from './layersPool.ts';
import { layerStream } from './layerStream.ts';
import type { Piece } from './piece.ts';
import { loadedPiece } from './pieceSource.ts';
import { planLayers } from './planLayers.ts';
import { treePath } from './treeStore.ts';
import type { WorkerPool } from './workerPool.ts';

let folder: string;
let home: HomeLayout;
let pool: WorkerPool;
let piece: Piece;
const text = Buffer.from('a line of text, again and again\n'.repeat(50_000));
const noise = Buffer.from(
  Array.from({ length: 5000 }, (_, at) => Number.parseInt(sha256Hex(`${at}`).slice(0, 2), 16)),
);

/** A piece as .debs give it: contents only in the tree. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-deflate-'));
  home = homeLayout(folder);
  pool = layersPool(1);
  const made = generatedPiece('gcc-12', [
    { path: 'usr/bin/gcc', content: text, mode: 0o755 },
    { path: 'usr/bin/cc', target: 'gcc' },
    { path: 'usr/share/noise', content: noise },
    { path: 'usr/share/empty', content: '' },
  ]);
  await ensureTrees([made], home, pool);
  const entries = made.entries.map(({ content, ...entry }) =>
    content ? { ...entry, content: { from: 'tree' as const } } : entry,
  );
  piece = { ...made, kind: 'deb', entries };
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
});

describe('deflatedTree', () => {
  it('compresses each file by itself, keeps what does not shrink, and does it once', async () => {
    const first = await deflatedTree(piece, home, pool);
    const bytes = await readFile(first.path);
    const part = (path: string): Buffer => {
      const range = first.ranges.get(path);
      if (!range) throw new Error(`${path} is missing`);
      return bytes.subarray(range.offset, range.offset + range.length);
    };
    expect([...first.ranges].map(([path, { method }]) => `${path} ${method}`)).toEqual([
      'usr/bin/gcc deflate',
      'usr/share/noise stored',
    ]);
    expect(inflateRawSync(part('usr/bin/gcc')).equals(text)).toBe(true);
    expect(part('usr/share/noise').equals(noise)).toBe(true);
    const { mtimeMs } = await stat(first.path);
    expect((await deflatedTree(piece, home, pool)).ranges).toEqual(first.ranges);
    expect((await stat(first.path)).mtimeMs).toBe(mtimeMs);
  });

  it('gives these very bytes on every machine and Node version', async () => {
    const { path } = await deflatedTree(piece, home, pool);
    expect(sha256Hex(await readFile(path))).toMatchInlineSnapshot(
      `"581051fe14588085e26f8c8b6d44a2977af3fc7a08b4e5a452319d9e00de124b"`,
    );
  });

  it('is made anew when its file was cut', async () => {
    const { path } = await deflatedTree(piece, home, pool);
    const before = sha256Hex(await readFile(path));
    await truncate(path, 10);
    await deflatedTree(piece, home, pool);
    expect(sha256Hex(await readFile(path))).toBe(before);
  });

  it('becomes a layer, hashed once', async () => {
    const [layer] = planLayers([loadedPiece(piece)]);
    if (!layer) throw new Error('no layer');
    const context = { home, pool, storedPath: () => '/nowhere' };
    const facts = await layerFacts(layer, context);
    const chunks: Buffer[] = [];
    for await (const chunk of layerStream(await openLayer(layer, context))) chunks.push(Buffer.from(chunk));
    const blob = Buffer.concat(chunks);
    expect(facts).toMatchObject({ digest: `sha256:${sha256Hex(blob)}`, size: blob.length });
    expect(facts.diffId).toBe(`sha256:${sha256Hex(gunzipSync(blob))}`);
    expect(await layerFacts(layer, { home, pool, storedPath: () => '/nowhere' })).toEqual(facts);
  });

  it('does not take a file of the tree that was changed for what it was', async () => {
    const [layer] = planLayers([loadedPiece(piece)]);
    if (!layer) throw new Error('no layer');
    const context = { home, pool, storedPath: () => '/nowhere', useCache: false };
    const facts = await layerFacts(layer, context);
    await writeFile(join(treePath(home, piece.key), 'usr/bin/gcc'), text.toReversed());
    expect(await layerFacts(layer, context)).toEqual(facts);
  });
});
