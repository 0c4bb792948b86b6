import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, type BuildOptions, type Image } from '../../src/image/index.ts';
import { homeLayout } from '../../src/kernel/index.ts';
import {
  environmentPiece,
  generatedPiece,
  layersPool,
  loadedPiece,
  wheelSource,
  type PieceSource,
} from '../../src/layers/index.ts';
import { makeWheel } from '../layers/wheelFixture.ts';

export interface Workshop {
  /** Everything lies below. */
  folder: string;
  pieces: PieceSource[];
  build(changes?: Partial<BuildOptions>): Promise<Image>;
  /** Ends the threads and removes everything. */
  close(): Promise<void>;
}

const noise = (seed: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (at * at * seed) >> (at % 5)));

/** A small store with three wheels and some generated files, and a way to build images from it. */
export async function workshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), 'rig-image-'));
  const files = join(folder, 'files');
  await mkdir(files);
  const storedPath = (sha256: string): string => join(files, sha256);
  const wheel = async (name: string, size: number): Promise<PieceSource> => {
    const parts = [
      { name: `${name}/__init__.py`, content: `name = '${name}'\n` },
      { name: `${name}/deep/data.bin`, content: noise(size, size) },
      { name: `${name}/lib.so`, content: noise(7, size), mode: 0o100755 },
    ];
    const made = makeWheel({ name, parts, entryPoints: `[console_scripts]\n${name} = ${name}:main\n` });
    await writeFile(storedPath(made.sha256), made.bytes);
    const input = { file: made.file, sha256: made.sha256, size: made.bytes.length, python: '3.11' };
    return wheelSource(input, () => storedPath(made.sha256));
  };
  const base = generatedPiece('base', [
    { path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n' },
    { path: 'root', folder: true, mode: 0o700 },
    { path: 'tmp', folder: true, mode: 0o1777 },
    { path: 'usr/bin', folder: true },
    { path: 'bin', target: 'usr/bin' },
  ]);
  const pieces = [
    await wheel('alpha', 5000),
    await wheel('beta', 150_000),
    await wheel('gamma', 70),
    loadedPiece(base),
    loadedPiece(environmentPiece({ python: '3.11' })),
  ];
  const options: BuildOptions = {
    pieces,
    config: {
      platform: 'linux/amd64',
      env: { PATH: '/opt/torchrig/env/bin:/usr/bin', NVIDIA_VISIBLE_DEVICES: 'all' },
      entrypoint: ['/usr/bin/tini', '--'],
      cmd: ['bash'],
      workdir: '/workspace',
      labels: { 'org.opencontainers.image.title': 'test' },
      exposedPorts: ['8888/tcp'],
    },
    epoch: 1_700_000_000,
    home: homeLayout(join(folder, 'home')),
    storedPath,
  };
  const pool = layersPool(1);
  return {
    folder,
    pieces,
    build: (changes = {}) => buildImage({ ...options, pool, ...changes }),
    async close() {
      await pool.close();
      await rm(folder, { recursive: true });
    },
  };
}
