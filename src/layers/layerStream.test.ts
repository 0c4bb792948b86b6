import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../kernel/index.ts';
import { makeWheel } from '../../tests/layers/wheelFixture.ts';
import { generatedPiece, type GeneratedFile } from './generatedPiece.ts';
import { hashLayer } from './hashLayer.ts';
import { layerRecipe, type LayerRecipe } from './layerRecipe.ts';
import { layerSize } from './layerSegments.ts';
import { layerStream } from './layerStream.ts';
import type { Piece } from './piece.ts';
import { wheelPiece } from './wheelPiece.ts';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'rig-stream-'))));
afterAll(() => rm(folder, { recursive: true }));

async function blobOf(recipe: LayerRecipe, range?: { start?: number; end?: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of layerStream(recipe, range)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

const recipeOf = (...pieces: Piece[]): LayerRecipe =>
  layerRecipe(pieces, { storedPath: (sha256) => join(folder, sha256), deflated: new Map() });

async function wheelOf(
  parts: { name: string; content: Uint8Array; method: 0 | 8; mode: number }[],
): Promise<Piece> {
  const { file, bytes, sha256 } = makeWheel({ parts });
  await writeFile(join(folder, sha256), bytes);
  return wheelPiece({ file, sha256, size: bytes.length, python: '3.11' }, join(folder, sha256));
}

const sha256 = (data: Uint8Array): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

/** Python's gzip and tarfile know nothing of our writer. */
const LISTING = `
import sys, io, gzip, tarfile, hashlib, json
tar = tarfile.open(fileobj=io.BytesIO(gzip.decompress(sys.stdin.buffer.read())), mode='r:')
print(json.dumps([[m.name, m.type.decode(), m.mode, m.uid, m.gid, m.mtime, m.linkname, hashlib.sha256(tar.extractfile(m).read()).hexdigest() if m.isfile() else ''] for m in tar]))
`;

async function pythonListing(blob: Buffer): Promise<unknown[][]> {
  const result = await run('python3', ['-c', LISTING], { input: blob });
  expect(result.stderr).toBe('');
  return JSON.parse(result.stdout) as unknown[][];
}

const name = fc.stringMatching(/^[a-zé][a-z0-9_ ü.-]{0,9}[a-z]$/);
const content = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.tuple(fc.nat(255), fc.nat(200_000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
);
const part = fc.record({
  name: fc.array(name, { minLength: 1, maxLength: 14 }).map((names) => `pkg/${names.join('/')}.x`),
  content,
  method: fc.constantFrom<0 | 8>(0, 8),
  mode: fc.constantFrom(0o100644, 0o100755, 0o100600),
});

const isFree = (names: string[]): boolean =>
  !names.some((a) => names.some((b) => a !== b && b.startsWith(`${a}/`)));

describe('a spliced layer', () => {
  it('decompresses to a tar with exactly the entries of its pieces (Node, Python)', async () => {
    const parts = fc
      .uniqueArray(part, { maxLength: 8, selector: (each) => each.name.normalize('NFC').toLowerCase() })
      .filter((list) => isFree(list.map((each) => each.name)));
    await fc.assert(
      fc.asyncProperty(parts, async (list) => {
        const wheel = await wheelOf(list);
        const recipe = recipeOf(wheel);
        const blob = await blobOf(recipe);
        const tar = gunzipSync(blob);
        expect(hashLayer({ kind: 'hash', what: 'blob', recipe })).toEqual({
          digest: sha256(blob),
          size: blob.length,
        });
        expect(hashLayer({ kind: 'hash', what: 'tar', recipe })).toEqual({
          digest: sha256(tar),
          size: tar.length,
        });
        expect(layerSize(recipe)).toBe(blob.length);
        const listed = await pythonListing(blob);
        expect(listed.map(([path]) => path)).toEqual(wheel.entries.map(({ path }) => path));
        for (const each of list) {
          const row = listed.find(([path]) => String(path).endsWith(`/site-packages/${each.name}`));
          const mode = (each.mode & 0o111) === 0 ? 0o644 : 0o755;
          expect(row?.slice(1)).toEqual(['0', mode, 0, 0, 315_619_200, '', sha256(each.content).slice(7)]);
        }
      }),
      { numRuns: 3 },
    );
  });

  it('can be read in any range', async () => {
    const recipe = recipeOf(
      await wheelOf([
        { name: 'a', content: Buffer.alloc(200_000, 'ab'), method: 0, mode: 0o100644 },
        { name: 'b', content: Buffer.alloc(200_000, 'cd'), method: 8, mode: 0o100644 },
      ]),
    );
    const whole = await blobOf(recipe);
    const edge = fc.nat(whole.length);
    await fc.assert(
      fc.asyncProperty(edge, edge, async (a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        expect((await blobOf(recipe, { start, end })).equals(whole.subarray(start, end))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('holds links, odd modes, owners, long and non-ASCII names (GNU tar, Python)', async () => {
    const long = `${'d'.repeat(120)}/${'e'.repeat(120)}`;
    const files: GeneratedFile[] = [
      { path: 'etc/shadow', content: 'x', mode: 0o640, gid: 42 },
      { path: 'usr/bin/su', content: 's', mode: 0o4755 },
      { path: 'tmp', folder: true, mode: 0o1777 },
      { path: 'bin', target: 'usr/bin' },
      { path: `${long}/${'f'.repeat(200)}`, content: 'long' },
      { path: 'l', target: `/${long}` },
      { path: 'größe', content: 'ü'.repeat(40_000), uid: 3_000_000, gid: 65_534 },
      { path: 'empty', content: '' },
    ];
    const piece = generatedPiece('files', files);
    const blob = await blobOf(recipeOf(piece));
    const rows = await pythonListing(blob);
    const expected = piece.entries.map(({ path, type, mode, uid, gid, target }) => [
      path,
      type === 'dir' ? '5' : type === 'symlink' ? '2' : '0',
      mode,
      uid,
      gid,
      315_619_200,
      target ?? '',
    ]);
    expect(rows.map((row) => row.slice(0, 7))).toEqual(expected);
    const gnu = await run('tar', ['-tz'], { input: blob });
    expect(gnu).toMatchObject({ code: 0, stderr: '' });
    expect(gnu.stdout.split('\n').length).toBe(piece.entries.length + 1);
  });

  it('has these very bytes, whatever the machine', async () => {
    const piece = generatedPiece('golden', [{ path: 'a/b', content: 'hello\n' }]);
    expect(sha256(await blobOf(recipeOf(piece)))).toMatchInlineSnapshot(
      `"sha256:4944a813677b7f73ba4189ee3d2948926b6374ec4316503d1504b1b43d9abe45"`,
    );
  });

  it('says which stored file is missing or too short', async () => {
    const wheel = await wheelOf([
      { name: 'm', content: Buffer.alloc(5000, 'xyz'), method: 0, mode: 0o100644 },
    ]);
    const recipe = recipeOf(wheel);
    const [file = ''] = recipe.files;
    await writeFile(file, 'short');
    await expect(blobOf(recipe)).rejects.toMatchObject({ code: 'RIG-LAYERS-012' });
    expect(() => hashLayer({ kind: 'hash', what: 'tar', recipe })).toThrow(file);
    await rm(file);
    await expect(blobOf(recipe)).rejects.toThrow(file);
  });
});
