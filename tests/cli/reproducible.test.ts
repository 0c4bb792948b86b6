import { createHash } from 'node:crypto';
import { copyFile, cp, mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageCopy } from '../support/packageCopy.ts';
import { giveFiles, rigAt, runProgram } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

interface Built {
  digest: string;
  configDigest: string;
  layers: { digest: string; diffId: string; size: number; title: string }[];
}

const lacking = async (program: string, ...args: string[]): Promise<string> =>
  runProgram(program, args).then(
    () => '',
    () => ` [skipped: ${program} is not installed]`,
  );
const noTaskset = await lacking('taskset', '-c', '0', 'true');
const noSkopeo = await lacking('skopeo', '--version');
const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describe('one lock, one digest', () => {
  let base: string;
  let here: Rig;
  let there: Rig;
  let folder: string;
  let built: Built;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'rig-same-'));
    folder = join(base, 'work');
    const one = await packageCopy(join(base, 'one'));
    const other = await packageCopy(join(base, 'other place'), { withLayerFacts: false });
    here = await rigAt({ program: [process.execPath, one], env: { TZ: 'UTC', LC_ALL: 'C' } });
    const words = ['sh', '-c', 'umask 077; exec "$@"', 'sh', process.execPath, other];
    there = await rigAt({
      program: noTaskset ? (words as [string]) : ['taskset', '-c', '0', ...words],
      env: { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', HOME: join(base, 'home') },
    });
    await cp(join(base, 'one/presets/tiny'), folder, { recursive: true });
    await rm(join(folder, 'torchrig.lock'));
    await rm(join(folder, 'layers.json'));
    await writeFile(join(folder, 'torchrig.yaml'), 'preset: tiny\n');
    built = (await here.json(['build', '-o', `oci:${join(base, 'layout')}`], {
      cwd: folder,
    })) as unknown as Built;
  });
  afterAll(async () => {
    await here.dispose();
    await there.dispose();
    await rm(base, { recursive: true, force: true });
  });

  it("is the one in the preset's lock", async () => {
    const lock = await readFile(join(base, 'one/presets/tiny/torchrig.lock'), 'utf8');
    expect(lock).toContain(`image = "${built.digest}"`);
  });

  it(`is computed from nothing, with another umask, zone, language, home and one core${noTaskset}`, async () => {
    await giveFiles(here.home, there.home);
    const again = await there.json(['build'], { cwd: folder });
    expect(again).toMatchObject({ ...built, timings: {}, output: null, bytesFetched: 0 });
  });

  it('is told of a preset without unpacking anything', async () => {
    const home = join(base, 'third');
    const third = await rigAt({ program: [process.execPath, join(base, 'one/dist/rig.js')], home });
    await giveFiles(here.home, home);
    expect(await third.json(['build'], { cwd: folder })).toMatchObject({ digest: built.digest });
    expect(await readdir(join(home, 'trees')).catch(() => [])).toEqual([]);
    await third.dispose();
  });

  it('the layout on the disk is that image', async () => {
    const blob = (digest: string): Promise<Buffer> =>
      readFile(join(base, 'layout/blobs/sha256', digest.slice(7)));
    const index = JSON.parse(await readFile(join(base, 'layout/index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    expect(index.manifests.map(({ digest }) => digest)).toEqual([built.digest]);
    expect(sha256(await blob(built.digest))).toBe(built.digest);
    const config = await blob(built.configDigest);
    expect(sha256(config)).toBe(built.configDigest);
    const { rootfs } = JSON.parse(config.toString()) as { rootfs: { diff_ids: string[] } };
    expect(rootfs.diff_ids).toEqual(built.layers.map(({ diffId }) => diffId));
    for (const { digest, diffId, size } of built.layers) {
      const bytes = await blob(digest);
      expect([sha256(bytes), bytes.length, sha256(gunzipSync(bytes))]).toEqual([digest, size, diffId]);
    }
  });

  it.skipIf(noSkopeo)(`skopeo makes a docker archive of it, with the same diffIDs${noSkopeo}`, async () => {
    const archive = join(base, 'skopeo.tar');
    await runProgram('skopeo', [
      'copy',
      `oci:${join(base, 'layout')}`,
      `docker-archive:${archive}:tiny:test`,
    ]);
    const manifest = await runProgram('tar', ['-xOf', archive, 'manifest.json']);
    const [image] = JSON.parse(manifest) as [{ Config: string; Layers: string[] }];
    const config = await runProgram('tar', ['-xOf', archive, image.Config]);
    expect(sha256(Buffer.from(config))).toBe(built.configDigest);
    // The archive's layers are plain tars: their hashes are the diffIDs.
    await runProgram('tar', ['-xf', archive, '-C', base, ...image.Layers]);
    const hashes = await Promise.all(
      image.Layers.map(async (name) => sha256(await readFile(join(base, name)))),
    );
    expect(hashes).toEqual(built.layers.map(({ diffId }) => diffId));
  });

  it('rig writes a docker archive of the same config', async () => {
    const archive = join(base, 'rig.tar');
    expect(await here.json(['build', '-o', archive], { cwd: folder })).toMatchObject({
      digest: built.digest,
      output: archive,
    });
    const [image] = JSON.parse(await runProgram('tar', ['-xOf', archive, 'manifest.json'])) as [
      { Config: string },
    ];
    expect(sha256(Buffer.from(await runProgram('tar', ['-xOf', archive, image.Config])))).toBe(
      built.configDigest,
    );
    expect(await here.json(['image', 'verify', archive])).toMatchObject({ ok: true });
  });

  it('image verify finds it sound, and one flipped byte', async () => {
    const layout = join(base, 'layout');
    expect(await here.json(['image', 'verify', layout])).toMatchObject({ ok: true, findings: [] });
    const [layer] = built.layers.toSorted((a, b) => b.size - a.size);
    const path = join(layout, 'blobs/sha256', layer?.digest.slice(7) ?? '');
    await copyFile(path, join(base, 'whole'));
    await flipByte(path);
    const ran = await here(['image', 'verify', layout]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(layer?.title);
    expect(ran.stdout).toContain('not sound');
    await copyFile(join(base, 'whole'), path);
    expect((await here(['image', 'verify', layout])).code).toBe(0);
  });
});

async function flipByte(path: string): Promise<void> {
  const { size } = await stat(path);
  const file = await open(path, 'r+');
  const at = Math.floor(size / 2);
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  await file.write(byte, 0, 1, at);
  await file.close();
}
