import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { homeLayout } from '../../../src/kernel/index.ts';
import { openStore } from '../../../src/store/index.ts';
import { settled } from '../bench.ts';
import type { Bench } from '../bench.ts';
import { figure, measured, round, skipped } from '../results.ts';
import type { Row, RowDefinition } from '../results.ts';
import { ensureUp } from '../rigUp.ts';
import { runProcess } from '../runProcess.ts';
import { makeVenv, venvFolder } from '../venv.ts';
import { versionOf } from '../machine.ts';

export const DISK: RowDefinition = {
  id: 'disk',
  what: 'disk: store + environment, against wheels + their unpacked size',
  unit: 'GB',
  goal: { kind: 'ratio at most', target: 1.02 },
  peerWhat: 'the files of the lock, and all of them unpacked once',
};

/** Gigabytes (10^9) on the disk, a file of several names counted once. */
async function onDisk(...paths: readonly string[]): Promise<number> {
  const { stdout } = await runProcess('du', ['--summarize', '--total', '--block-size=1', ...paths]);
  const total = stdout.trim().split('\n').at(-1) ?? '';
  return Number(total.split('\t')[0]) / 1e9;
}

export async function disk(bench: Bench): Promise<Row> {
  if (versionOf('dpkg-deb') === undefined) return skipped(DISK, 'dpkg-deb is not installed');
  await ensureUp(bench);
  await settled(bench, bench.home);
  const { home, lock, scratch } = bench;
  const whole = await onDisk(home);
  const parts: Record<string, number> = {};
  for (const part of ['files', 'roots', 'cache', 'envs', 'tools'])
    parts[`${part}Gb`] = round(await onDisk(join(home, part)).catch(() => 0));
  const layout = homeLayout(home);
  const store = openStore(layout);
  const files = [...lock.python, ...lock.debian].map(({ sha256 }) => store.path(sha256));
  const debs = lock.debian.map(({ sha256 }) => store.path(sha256));
  await store.close();
  const unpacked = join(scratch, 'debs');
  try {
    await mkdir(unpacked);
    for (const deb of debs) await runProcess('dpkg-deb', ['--extract', deb, unpacked]);
    // A new venv: byte code that came since would count for it.
    await makeVenv(bench);
    const archives = await onDisk(...files);
    const wheels = await onDisk(venvFolder(bench));
    const debian = await onDisk(unpacked);
    return measured(DISK, {
      rig: figure([whole], parts),
      peer: figure([archives + wheels + debian], {
        archivesGb: round(archives),
        wheelsUnpackedGb: round(wheels),
        debianUnpackedGb: round(debian),
      }),
      notes: [
        'du, hard links counted once. rig: all of TORCHRIG_HOME with a running environment, its byte code and every cache',
        'the peer: wheels and .debs, the venv without byte code, and the .debs unpacked whole by dpkg-deb (rig leaves manual pages and translations out)',
      ],
    });
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}
