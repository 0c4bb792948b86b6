import { cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { homeLayout } from '../../../src/kernel/index.ts';
import { writeLock } from '../../../src/lock/index.ts';
import { parseWheelName } from '../../../src/sources/index.ts';
import { openStore } from '../../../src/store/index.ts';
import { flushed, rigJson } from '../bench.ts';
import type { Bench } from '../bench.ts';
import { buildahTimes, whyNoBuildah } from '../buildah.ts';
import { figure, measured, round, skipped } from '../results.ts';
import type { Figure, Row, RowDefinition } from '../results.ts';
import { ensureUp } from '../rigUp.ts';
import { runProcess } from '../runProcess.ts';

export const IMAGE_FIRST: RowDefinition = {
  id: 'image-first',
  what: 'lock + stored wheels -> image digest, first time, against `buildah bud` (pip from local wheels) + `buildah push` to an OCI layout',
  unit: 's',
  goal: { kind: 'times faster', target: 20, stretch: 40 },
  peerWhat: 'buildah bud + buildah push',
};

export const IMAGE_CHANGE: RowDefinition = {
  id: 'image-change',
  what: 'the same after changing one small Python package',
  unit: 's',
  goal: { kind: 'at most', target: 1, stretch: 0.3 },
  peerWhat: 'none: buildah runs the whole pip layer again, as in image-first',
};

interface Built {
  digest: string;
  layers: { digest: string; title: string }[];
}

const imageHome = (bench: Bench): string => join(bench.scratch, 'image-home');
const cacheOf = (bench: Bench): string => join(imageHome(bench), 'cache');

/** A home that has the stored files, as hard links, and nothing else. */
async function emptyHome(bench: Bench): Promise<void> {
  await rm(imageHome(bench), { recursive: true, force: true });
  await mkdir(imageHome(bench));
  await runProcess('cp', ['-al', join(bench.home, 'files'), join(imageHome(bench), 'files')]);
  await flushed();
}

const bare = (bench: Bench): { home: string; shipped: false } => ({ home: imageHome(bench), shipped: false });

export async function imageFirst(bench: Bench): Promise<Row> {
  await ensureUp(bench);
  await rigJson(bench, ['down', 'bench']);
  await emptyHome(bench);
  const fromNothing = await rigJson(bench, ['build'], { ...bare(bench), peakOf: 'image-first' });
  const built = fromNothing.data as Built;
  const runs: number[] = [];
  for (let run = 0; run < Math.max(bench.options.heavyRuns, 1); run += 1) {
    await forgetWheels(bench, built);
    runs.push(await rebuild(bench, built));
  }
  const others = { fromNothingSeconds: round(fromNothing.seconds), ...(await variants(bench, built)) };
  const problem = whyNoBuildah();
  let peer: Figure | null = null;
  if (problem === undefined) {
    const { budSeconds, pushSeconds } = await buildahTimes(bench);
    peer = figure([budSeconds + pushSeconds], {
      budSeconds: round(budSeconds),
      pushSeconds: round(pushSeconds),
    });
  }
  return measured(IMAGE_FIRST, {
    rig: figure(runs, others),
    peer,
    notes: [
      'rig: the whole `rig build --json` with no trees of wheels, nothing remembered of them, and no layers.json (what presets ship about their layers); the Debian layers are known from before, as the peer has its base',
      'fromNothingSeconds: the same in a home that has only files/: the Debian packages are unpacked and compressed in it too; againSeconds: once more; ociLayoutSeconds: as the figure, and the layers written out; shippedSeconds: in a home that has only files/, with layers.json: what a user of the preset waits',
      problem === undefined
        ? 'the peer: FROM an image with the same Debian packages, Python frame and pip, made by rig and pulled beforehand; RUN pip install --no-index --no-deps --no-compile of the same wheels, bind-mounted; overlay storage, chroot isolation; push compresses with gzip. Once'
        : `no peer: ${problem}`,
    ],
  });
}

/** Seconds of another way to the same digest. */
async function rebuild(
  bench: Bench,
  { digest }: Built,
  { args = ['build'], shipped = false }: { args?: readonly string[]; shipped?: boolean } = {},
): Promise<number> {
  await flushed();
  const done = await rigJson(bench, args, { home: imageHome(bench), shipped });
  if ((done.data as Built).digest !== digest) throw new Error('the same lock gave two digests');
  return round(done.seconds);
}

async function variants(bench: Bench, built: Built): Promise<Record<string, number>> {
  const againSeconds = await rebuild(bench, built);
  await forgetWheels(bench, built);
  const output = join(bench.scratch, 'oci');
  const ociLayoutSeconds = await rebuild(bench, built, { args: ['build', '-o', `oci:${output}`] });
  await rm(output, { recursive: true, force: true });
  await emptyHome(bench);
  const shippedSeconds = await rebuild(bench, built, { shipped: true });
  return { againSeconds, ociLayoutSeconds, shippedSeconds };
}

/** Forgets the layers that are not Debian's. */
async function forgetWheels(bench: Bench, { layers }: Built): Promise<void> {
  const debian = new Set(bench.lock.debian.map(({ name }) => name));
  const isDebian = (title: string): boolean => /Debian/.test(title) || debian.has(title.split(' ')[0] ?? '');
  const own = new Set(layers.filter(({ title }) => !isDebian(title)).map(({ digest }) => digest));
  const folder = join(cacheOf(bench), 'layers');
  for (const name of await readdir(folder)) {
    const { digest } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { digest: string };
    if (own.has(digest)) await rm(join(folder, name));
  }
}

/** Small pure packages that many sets have, with versions to change to. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  idna: ['3.7', '3.8', '3.9', '3.6', '3.4'],
  six: ['1.15.0', '1.16.0', '1.14.0', '1.13.0'],
};

export async function imageChange(bench: Bench): Promise<Row> {
  const { lock, scratch } = bench;
  const name = Object.keys(CHANGES).find((each) => lock.python.some((wheel) => wheel.name === each));
  if (name === undefined) return skipped(IMAGE_CHANGE, 'the set has neither idna nor six');
  await ensureUp(bench);
  await emptyHome(bench);
  await rigJson(bench, ['build'], bare(bench));
  const locked = lock.python.find((wheel) => wheel.name === name);
  const runs: number[] = [];
  for (const version of (CHANGES[name] ?? []).filter((each) => each !== locked?.version).slice(0, 3)) {
    const folder = await changedFolder(bench, { name, version });
    await flushed();
    const done = await rigJson(bench, ['build'], {
      ...bare(bench),
      folder,
      peakOf: 'image-change',
    });
    runs.push(done.seconds);
  }
  await rm(join(scratch, 'changed'), { recursive: true, force: true });
  return measured(IMAGE_CHANGE, {
    rig: figure(runs),
    peer: null,
    notes: [
      `the whole \`rig build --json\` with another version of ${name} in the lock, its wheel stored; each run another version, so no layer of it is known; layers.json is absent`,
    ],
  });
}

/** A folder with the set's spec and a lock that has another version of one wheel, which is stored. */
async function changedFolder(bench: Bench, change: { name: string; version: string }): Promise<string> {
  const { name, version } = change;
  await mkdir(join(bench.scratch, 'changed'), { recursive: true });
  const folder = await mkdtemp(join(bench.scratch, 'changed', 'lock-'));
  await cp(bench.specFile, join(folder, 'torchrig.yaml'));
  const words = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-deps',
    '--only-binary',
    ':all:',
    '--dest',
    'wheel',
  ];
  await runProcess('python3', [...words, `${name}==${version}`], { cwd: folder });
  const file = (await readdir(join(folder, 'wheel'))).find((each) => parseWheelName(each)?.name === name);
  if (file === undefined) throw new Error(`pip brought no wheel of ${name} ${version}`);
  const store = openStore(homeLayout(imageHome(bench)));
  const { sha256, size } = await store.add(join(folder, 'wheel', file));
  await store.close();
  const python = bench.lock.python.map((wheel) =>
    wheel.name === name ? { name, version, file, sha256, size } : wheel,
  );
  await writeLock(join(folder, 'torchrig.lock'), { ...bench.lock, python, image: null });
  return folder;
}
