import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, digestOf, homeLayout, run } from '../kernel/index.ts';
import { generatedPiece, loadedPiece } from '../layers/index.ts';
import { workshop, type Workshop } from '../../tests/image/imageFixture.ts';
import {
  imageSummary,
  knownLayers,
  layerBlob,
  requireSound,
  validateImage,
  writeDockerArchive,
  writeOciLayout,
  type Image,
} from './index.ts';

let shop: Workshop;
let image: Image;
let layout: string;
beforeAll(async () => {
  shop = await workshop();
  image = await shop.build();
  layout = join(shop.folder, 'layout');
  await writeOciLayout(image, layout, { tag: 'v1' });
});
afterAll(() => shop.close());

describe('buildImage', () => {
  it('gives manifest, config and layers whose digests fit together', () => {
    expect(digestOf(image.manifest)).toBe(image.digest);
    expect(digestOf(image.config)).toBe(image.configDigest);
    const config = JSON.parse(image.config.toString()) as Record<string, unknown>;
    expect(config).toMatchObject({
      created: '2023-11-14T22:13:20Z',
      architecture: 'amd64',
      os: 'linux',
      config: {
        Env: ['PATH=/opt/torchrig/env/bin:/usr/bin', 'NVIDIA_VISIBLE_DEVICES=all'],
        Entrypoint: ['/usr/bin/tini', '--'],
        Cmd: ['bash'],
        WorkingDir: '/workspace',
        ExposedPorts: { '8888/tcp': {} },
      },
      rootfs: { type: 'layers', diff_ids: image.layers.map(({ diffId }) => diffId) },
    });
    const summary = imageSummary(image);
    expect(Object.keys(summary).sort()).toEqual(['configDigest', 'digest', 'layers', 'size']);
    expect(summary.layers.map(({ title }) => title).slice(-2)).toEqual(['base', 'python environment 3.11']);
    expect(summary.size).toBe(
      image.manifest.length + image.config.length + image.layers.reduce((sum, { size }) => sum + size, 0),
    );
  });

  it('depends on pieces, config and epoch alone: not on home, cache, order, umask, time zone or locale', async () => {
    const elsewhere = homeLayout(join(shop.folder, 'other home'));
    const packages = shop.pieces.filter(({ kind }) => kind === 'wheel').toReversed();
    const generated = shop.pieces.filter(({ kind }) => kind === 'generated');
    const umask = process.umask(0o077);
    const { TZ, LANG } = process.env;
    Object.assign(process.env, { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8' });
    try {
      const again = await shop.build({ home: elsewhere, pieces: [...packages, ...generated] });
      expect(again.digest).toBe(image.digest);
    } finally {
      process.umask(umask);
      for (const [name, value] of Object.entries({ TZ, LANG })) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
    expect((await shop.build({ useCache: false })).digest).toBe(image.digest);
    expect((await shop.build({ epoch: 1 })).digest).not.toBe(image.digest);
  });

  it('needs no hashing when the facts of its layers are known', async () => {
    const nothing = homeLayout(join(shop.folder, 'nothing'));
    const known = knownLayers(image);
    const again = await shop.build({ home: nothing, known, storedPath: () => '/nowhere' });
    expect(again.digest).toBe(image.digest);
    expect(await readdir(nothing.cache).catch(() => 'untouched')).toBe('untouched');
  });

  it('keeps all layers but one when one piece changes', async () => {
    const changed = loadedPiece(generatedPiece('base', [{ path: 'etc/passwd', content: 'other\n' }]));
    const pieces = shop.pieces.map((piece) => (piece.name === 'base' ? changed : piece));
    const other = await shop.build({ pieces });
    const old = new Set(image.layers.map(({ digest }) => digest));
    expect(other.layers.filter(({ digest }) => !old.has(digest)).map(({ title }) => title)).toEqual(['base']);
  });

  it('has no more layers than engines take, however many pieces', async () => {
    expect(image.layers.length).toBeLessThan(10);
    const pieces = Array.from({ length: 300 }, (_, at) => loadedPiece(generatedPiece(`g${at}`, [])));
    expect((await shop.build({ pieces })).layers.length).toBeLessThanOrEqual(60);
  });
});

describe('layerBlob', () => {
  it('never ends well when a stored file was changed', async () => {
    const copy = await workshop();
    try {
      const own = await copy.build();
      const layer = own.layers.find(({ plan }) => plan.pieces[0]?.kind === 'wheel');
      if (!layer) throw new Error('no wheel layer');
      const [piece] = layer.plan.pieces;
      const content = (await piece?.load())?.entries.find((entry) => entry.content?.from === 'blob')?.content;
      if (content?.from !== 'blob') throw new Error('no content');
      const path = join(copy.folder, 'files', content.sha256);
      const bytes = await readFile(path);
      bytes[content.offset] = (bytes[content.offset] ?? 0) ^ 1;
      await writeFile(path, bytes);
      const target = join(copy.folder, 'out');
      await expect(writeOciLayout(own, target)).rejects.toMatchObject({ code: 'RIG-IMAGE-001' });
      expect(await readdir(target)).toEqual(['blobs']);
      const read = async (): Promise<number> => {
        let size = 0;
        for await (const chunk of layerBlob(own, layer)) size += chunk.length;
        return size;
      };
      await expect(read()).rejects.toMatchObject({ code: 'RIG-IMAGE-001' });
    } finally {
      await copy.close();
    }
  });
});

describe('writeOciLayout', () => {
  it('writes a layout that validates', async () => {
    const report = await validateImage(layout);
    expect(report).toMatchObject({ ok: true, findings: [] });
    expect(report.images).toMatchObject([
      { digest: image.digest, platform: 'linux/amd64', layers: image.layers.length },
    ]);
    expect(() => requireSound(layout, report)).not.toThrow();
  });

  it('adds to a layout, and replaces what has the same tag', async () => {
    const at = join(shop.folder, 'two');
    const other = await shop.build({ epoch: 5 });
    await writeOciLayout(image, at, { tag: 'a' });
    await writeOciLayout(image, at, { tag: 'b' });
    await writeOciLayout(other, at, { tag: 'b' });
    const index = JSON.parse(await readFile(join(at, 'index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    expect(index.manifests.map(({ digest }) => digest)).toEqual([image.digest, other.digest]);
    expect((await validateImage(at)).ok).toBe(true);
  });

  it('says where it cannot write', async () => {
    const file = join(shop.folder, 'a file');
    await writeFile(file, '');
    await expect(writeOciLayout(image, join(file, 'x'))).rejects.toMatchObject({ code: 'RIG-IMAGE-002' });
    await expect(writeDockerArchive(image, join(file, 'x.tar'))).rejects.toMatchObject({
      code: 'RIG-IMAGE-002',
    });
  });
});

describe('writeDockerArchive', () => {
  it('writes the same bytes each time, which validate and which GNU tar lists', async () => {
    const [a, b] = [join(shop.folder, 'a.tar'), join(shop.folder, 'b.tar')];
    await writeDockerArchive(image, a, { tag: 'lab:v1' });
    await writeDockerArchive(image, b, { tag: 'lab:v1' });
    expect((await readFile(a)).equals(await readFile(b))).toBe(true);
    expect(await validateImage(a)).toMatchObject({ ok: true, images: [{ digest: image.digest }] });
    const listing = await run('tar', ['-tf', a]);
    expect(listing).toMatchObject({ code: 0, stderr: '' });
    expect(listing.stdout.split('\n').slice(0, 3)).toEqual(['manifest.json', 'index.json', 'oci-layout']);
    const manifest = await run('tar', ['-xOf', a, 'manifest.json']);
    expect(JSON.parse(manifest.stdout)).toMatchObject([{ RepoTags: ['lab:v1'] }]);
  });
});

const blob = (at: string, digest: string): string => join(at, 'blobs/sha256', digest.slice(7));

const ids = async (at: string): Promise<string[]> => [
  ...new Set((await validateImage(at)).findings.map(({ id }) => id)),
];

function withChecksum(tar: Buffer): Buffer {
  tar.fill(0x20, 148, 156);
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1');
  return tar;
}

const layerFile = (at: string, index = 0): string => blob(at, image.layers[index]?.digest ?? '');
const rename =
  (to: string) =>
  (tar: Buffer): Buffer => {
    const copied = Buffer.from(tar);
    copied.fill(0, 0, 100);
    copied.write(to, 0, 'latin1');
    return withChecksum(copied);
  };

describe('validateImage finds', () => {
  let count = 0;
  async function copy(): Promise<string> {
    const at = join(shop.folder, `copy${(count += 1)}`);
    await run('cp', ['-r', layout, at]);
    return at;
  }

  it('a flipped bit in a layer', async () => {
    const at = await copy();
    const bytes = await readFile(layerFile(at));
    bytes[4] = 1;
    await writeFile(layerFile(at), bytes);
    expect(await ids(at)).toEqual(['digest']);
  });
  it('a layer cut short', async () => {
    const at = await copy();
    const bytes = await readFile(layerFile(at));
    await writeFile(layerFile(at), bytes.subarray(0, -20));
    expect(await ids(at)).toContain('size');
    expect(await ids(at)).toContain('tar');
  });
  it('a missing layer, config or manifest', async () => {
    for (const digest of [image.layers[0]?.digest ?? '', image.configDigest, image.digest]) {
      const at = await copy();
      await rm(blob(at, digest));
      expect(await ids(at)).toContain('missing');
    }
  });

  /** Replaces the first layer's tar and all digests that follow from it, but not the diffID unless asked. */
  async function withTar(change: (tar: Buffer) => Buffer, diffId: boolean): Promise<string[]> {
    const at = await copy();
    const tar = change(gunzipSync(await readFile(layerFile(at))));
    const layer = gzipSync(tar);
    await writeFile(blob(at, digestOf(layer)), layer);
    const config = JSON.parse(image.config.toString()) as { rootfs: { diff_ids: string[] } };
    if (diffId) config.rootfs.diff_ids[0] = digestOf(tar);
    const configBytes = Buffer.from(canonicalJson(config));
    await writeFile(blob(at, digestOf(configBytes)), configBytes);
    const manifest = JSON.parse(image.manifest.toString()) as {
      config: { digest: string; size: number };
      layers: { digest: string; size: number }[];
    };
    Object.assign(manifest.config, { digest: digestOf(configBytes), size: configBytes.length });
    Object.assign(manifest.layers[0] ?? {}, { digest: digestOf(layer), size: layer.length });
    const bytes = Buffer.from(canonicalJson(manifest));
    await writeFile(blob(at, digestOf(bytes)), bytes);
    const index = JSON.parse(await readFile(join(at, 'index.json'), 'utf8')) as { manifests: object[] };
    Object.assign(index.manifests[0] ?? {}, { digest: digestOf(bytes), size: bytes.length });
    await writeFile(join(at, 'index.json'), JSON.stringify(index));
    return (await validateImage(at)).findings.map(
      ({ id, message }) => `${id}: ${message.replaceAll(/sha256:\w+/g, 'X')}`,
    );
  }

  it('nothing in a layer that was only compressed again', async () => {
    expect(await withTar((tar) => tar, false)).toEqual([]);
  });
  it('a wrong diffID', async () => {
    expect(await withTar(rename('opt2/'), false)).toContain('diffid: contains X instead of X');
  });
  it.each([
    ['a path with ..', rename('../opt/'), 'tar: the path "../opt" is not inside the image'],
    ['an absolute path', rename('/opt/'), 'tar: the path "/opt" is not inside the image'],
    ['a path twice', rename('opt/torchrig/'), 'tar: "opt/torchrig" is there twice'],
    [
      'a wrong checksum',
      (tar: Buffer) => Buffer.concat([Buffer.from('x'), tar.subarray(1)]),
      'tar: a header with a wrong checksum',
    ],
    ['no end', (tar: Buffer) => tar.subarray(0, -1024), 'tar: the archive does not end with two zero blocks'],
    [
      'an end inside a member',
      (tar: Buffer) => tar.subarray(0, -1500),
      'tar: the archive ends inside a member',
    ],
    [
      'members behind the end',
      (tar: Buffer) => Buffer.concat([tar, tar]),
      'tar: members behind the end of the archive',
    ],
  ])('%s', async (_what, change, finding) => {
    expect(await withTar(change, true)).toContain(finding);
  });

  it('that something is no image at all', async () => {
    const empty = join(shop.folder, 'empty');
    await mkdir(empty);
    const text = join(shop.folder, 'text.tar');
    await writeFile(text, 'hello');
    for (const path of [empty, text, join(shop.folder, 'not there')])
      await expect(validateImage(path)).rejects.toMatchObject({ code: 'RIG-IMAGE-003' });
  });

  it('and requireSound throws what it found', () => {
    const findings = [{ id: 'digest', where: 'layer 1', message: 'is other' }];
    expect(() => requireSound('x', { ok: false, findings, images: [] })).toThrow(
      'x is not sound: 1 findings',
    );
  });
});
