import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { validateImage, writeDockerArchive, writeOciLayout, type Image } from '../../src/image/index.ts';
import { run } from '../../src/kernel/index.ts';
import { workshop, type Workshop } from './imageFixture.ts';

/** Why a program cannot be used here, or undefined. */
async function lacks(command: string, ...args: string[]): Promise<string | undefined> {
  const result = await run(command, args, { timeout: 20_000 }).catch(() => undefined);
  if (!result) return `${command} is not installed`;
  return result.code === 0 ? undefined : `${command} does not work here`;
}

const skopeo = await lacks('skopeo', '--version');
const umoci = await lacks('umoci', '--version');
const buildah = await lacks('buildah', '--version');
const docker = await lacks('docker', 'info');
const isRoot = process.getuid?.() === 0;
const skipped = (why: string | undefined): string => (why ? ` [skipped: ${why}]` : '');

let shop: Workshop;
let image: Image;
let layout: string;
let archive: string;
beforeAll(async () => {
  shop = await workshop();
  image = await shop.build();
  layout = join(shop.folder, 'layout');
  archive = join(shop.folder, 'image.tar');
  await writeOciLayout(image, layout, { tag: 'v1' });
  await writeDockerArchive(image, archive, { tag: 'lab:v1' });
});
afterAll(() => shop.close());

async function succeed(command: string, ...args: string[]): Promise<string> {
  const result = await run(command, args);
  expect(`${command} ${args[0]}: ${result.code} ${result.code === 0 ? '' : result.stderr}`).toBe(
    `${command} ${args[0]}: 0 `,
  );
  return result.stdout;
}

const diffIds = (config: string): string[] =>
  (JSON.parse(config) as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids;

describe(`skopeo${skipped(skopeo)}`, () => {
  it.skipIf(skopeo)('copies the layout to a docker archive, with our diffIDs', async () => {
    const target = join(shop.folder, 'by-skopeo.tar');
    await succeed('skopeo', 'copy', `oci:${layout}:v1`, `docker-archive:${target}:lab:v1`);
    const list = await succeed('tar', '-xOf', target, 'manifest.json');
    const [entry] = JSON.parse(list) as { Config: string; Layers: string[] }[];
    const config = await succeed('tar', '-xOf', target, entry?.Config ?? '');
    expect(diffIds(config)).toEqual(image.layers.map(({ diffId }) => diffId));
    // skopeo names each layer by the hash of what it decompressed
    expect(entry?.Layers.map((name) => `sha256:${name.replace('.tar', '')}`)).toEqual(diffIds(config));
  });

  it.skipIf(skopeo)('keeps the digest from layout to layout', async () => {
    const target = join(shop.folder, 'copied');
    await succeed('skopeo', 'copy', '--preserve-digests', `oci:${layout}:v1`, `oci:${target}:v1`);
    expect(await validateImage(target)).toMatchObject({ ok: true, images: [{ digest: image.digest }] });
  });

  it.skipIf(skopeo)('reads the docker side of the archive', async () => {
    const target = join(shop.folder, 'from-archive');
    await succeed('skopeo', 'copy', `docker-archive:${archive}`, `oci:${target}:v1`);
    expect((await validateImage(target)).ok).toBe(true);
  });

  const notRoot = isRoot
    ? ''
    : ' [skipped: skopeo gives the files of an OCI archive to root as it unpacks it]';
  it.skipIf(skopeo || notRoot)(`reads the OCI side of the archive${notRoot}`, async () => {
    const inspected = await succeed('skopeo', 'inspect', `oci-archive:${archive}`);
    expect(JSON.parse(inspected)).toMatchObject({ Digest: image.digest, Architecture: 'amd64' });
  });
});

describe(`umoci${skipped(umoci)}`, () => {
  it.skipIf(umoci)('unpacks the files of the pieces', async () => {
    const bundle = join(shop.folder, 'bundle');
    await succeed('umoci', 'unpack', '--rootless', '--image', `${layout}:v1`, bundle);
    const root = join(bundle, 'rootfs');
    for (const source of shop.pieces)
      for (const entry of (await source.load()).entries) {
        if (entry.type !== 'file') continue;
        const facts = await stat(join(root, entry.path));
        expect(
          `${entry.path} ${facts.size} ${(facts.mode & 0o7777).toString(8)} ${facts.mtimeMs / 1000}`,
        ).toBe(`${entry.path} ${entry.size} ${entry.mode.toString(8)} ${entry.mtime}`);
      }
    expect(await readFile(join(root, 'opt/torchrig/env/bin/alpha'), 'utf8')).toContain(
      'from alpha import main',
    );
    expect((await readdir(root)).sort()).toEqual(['bin', 'etc', 'opt', 'root', 'tmp', 'usr']);
  });
});

describe(`buildah${skipped(buildah)}`, () => {
  it.skipIf(buildah)('pulls the archive and sees config and diffIDs', async () => {
    const storage = [
      '--root',
      join(shop.folder, 'storage'),
      '--runroot',
      join(shop.folder, 'run'),
      '--storage-driver',
      'vfs',
    ];
    const id = await succeed('buildah', ...storage, 'pull', `docker-archive:${archive}`);
    const text = await succeed('buildah', ...storage, 'inspect', '--type', 'image', id.trim());
    const inspected = JSON.parse(text) as {
      OCIv1: { config: { Cmd: string[] }; rootfs: { diff_ids: string[] } };
    };
    expect(inspected.OCIv1.config.Cmd).toEqual(['bash']);
    expect(inspected.OCIv1.rootfs.diff_ids).toEqual(image.layers.map(({ diffId }) => diffId));
    // Of an ordinary user it holds folders that only its own ids may remove.
    if (!isRoot) await succeed('buildah', 'unshare', 'rm', '-rf', join(shop.folder, 'storage'));
  });
});

describe(`docker${skipped(docker)}`, () => {
  it.skipIf(docker)('loads the archive', async () => {
    const said = await succeed('docker', 'load', '-i', archive);
    expect(said).toContain('lab:v1');
    const ids = await succeed('docker', 'image', 'inspect', '-f', '{{json .RootFS.Layers}}', 'lab:v1');
    expect(JSON.parse(ids)).toEqual(image.layers.map(({ diffId }) => diffId));
    await succeed('docker', 'image', 'rm', 'lab:v1');
  });
});
