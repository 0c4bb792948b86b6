import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { homeLayout } from '../../src/kernel/index.ts';
import { writeLock } from '../../src/lock/index.ts';
import { loadSpec, lockedInputs } from '../../src/spec/index.ts';
import { openStore } from '../../src/store/index.ts';
import { flushed, rigJson } from './bench.ts';
import type { Bench } from './bench.ts';
import { versionOf } from './machine.ts';
import { runProcess } from './runProcess.ts';
import { requirements } from './venv.ts';

/** Why buildah cannot be measured here; undefined when it can. */
export function whyNoBuildah(): string | undefined {
  if (versionOf('buildah') === undefined) return 'buildah is not installed';
  return process.getuid?.() === 0 ? undefined : 'buildah with overlay storage is measured as root only';
}

/**
 * Seconds of `buildah bud` and of `buildah push` to an OCI layout, for an image of the same content as rig's: the same Debian packages
 * and Python frame as base, made by rig and pulled beforehand, and the same wheels installed by pip.
 */
export async function buildahTimes(bench: Bench): Promise<{ budSeconds: number; pushSeconds: number }> {
  const { scratch, lock } = bench;
  const storage = join(scratch, 'buildah');
  const context = join(scratch, 'context');
  const base = join(scratch, 'base-oci');
  const output = join(scratch, 'peer-oci');
  const buildah = async (args: readonly string[]): Promise<{ seconds: number; stdout: string }> => {
    const places = ['--root', join(storage, 'root'), '--runroot', join(storage, 'run')];
    return runProcess('buildah', [...places, '--storage-driver', 'overlay', ...args], { cwd: scratch });
  };
  try {
    await makeBase(bench, base);
    // The path becomes the image's name, which may not hold every letter that a path may: a relative one.
    const pulled = await buildah(['pull', '--quiet', 'oci:base-oci:base']);
    await rm(base, { recursive: true, force: true });
    const wheels = join(context, 'wheels');
    await mkdir(wheels, { recursive: true });
    const store = openStore(homeLayout(bench.home));
    for (const { file, sha256 } of lock.python) await link(store.path(sha256), join(wheels, file));
    await store.close();
    await writeFile(join(wheels, 'requirements.txt'), requirements(lock.python));
    const pip = '/opt/torchrig/env/bin/python -m pip install --no-index --find-links /wheels --no-deps';
    const lines = [
      `FROM ${pulled.stdout.trim().split('\n').at(-1)}`,
      `RUN ${pip} --no-compile --no-cache-dir --disable-pip-version-check --require-hashes -r /wheels/requirements.txt`,
    ];
    await writeFile(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
    await flushed();
    const file = join(context, 'Containerfile');
    const isolated = ['--isolation', 'chroot', '--pull-never', '-v', `${wheels}:/wheels:ro`];
    const empty = join(scratch, 'empty');
    await mkdir(empty, { recursive: true });
    const bud = await buildah(['bud', '--quiet', ...isolated, '-f', file, '-t', 'bench', empty]);
    const push = await buildah(['push', '--quiet', 'bench', `oci:${output}:bench`]);
    return { budSeconds: bud.seconds, pushSeconds: push.seconds };
  } finally {
    await buildah(['rm', '--all']).catch(() => {});
    await buildah(['rmi', '--all', '--force']).catch(() => {});
    // Should a container have been cut off, its mount must not be followed.
    await runProcess('umount', ['--quiet', join(storage, 'root', 'overlay')]).catch(() => {});
    for (const each of [storage, context, base, output]) await rm(each, { recursive: true, force: true });
  }
}

/** The base: the set without its Python packages, but with pip, as an OCI layout. */
async function makeBase(bench: Bench, to: string): Promise<void> {
  const { lock, scratch } = bench;
  const pip = lock.python.filter(({ name }) => name === 'pip');
  if (pip.length === 0) throw new Error('the set has no pip, which the peer needs');
  const folder = join(scratch, 'base');
  await mkdir(folder, { recursive: true });
  const packages = JSON.stringify({ python: ['pip'], debian: lock.asked.packages.debian });
  const words = [
    'preset: none',
    'name: base',
    'torch: none',
    `python: "${lock.asked.python}"`,
    `base: ${lock.asked.base}`,
  ];
  words.push('ports: {jupyter: none, ssh: none}', `packages: ${packages}`, '');
  await writeFile(join(folder, 'torchrig.yaml'), words.join('\n'));
  const { spec } = await loadSpec({ folder });
  const asked = { ...lock.asked, ...(lockedInputs(spec) as Partial<typeof lock.asked>) };
  await writeLock(join(folder, 'torchrig.lock'), { ...lock, asked, plan: null, python: pip, image: null });
  await rigJson(bench, ['build', '-o', `oci:${to}`], { folder });
}
