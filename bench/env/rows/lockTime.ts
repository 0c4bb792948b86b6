import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rig } from '../bench.ts';
import type { Bench } from '../bench.ts';
import { figure, measured } from '../results.ts';
import type { Row, RowDefinition } from '../results.ts';
import { runProcess } from '../runProcess.ts';

export const LOCK: RowDefinition = {
  id: 'lock',
  what: '`rig lock` warm, against `uv pip compile` warm',
  unit: 's',
  goal: { kind: 'ratio at most', target: 1.5 },
  peerWhat: 'uv pip compile of the same requirements with hashes',
};

export async function lockTime(bench: Bench): Promise<Row> {
  const { scratch, uv, lock, options } = bench;
  const folder = join(scratch, 'lock');
  const home = join(scratch, 'lock-home');
  await mkdir(folder);
  await cp(bench.specFile, join(folder, 'torchrig.yaml'));
  const plan = lock.plan;
  const pins = plan
    ? [`torch==${plan.torch}`, `torchvision==${plan.torchvision}`, `torchaudio==${plan.torchaudio}`]
    : [];
  await writeFile(join(folder, 'wanted.txt'), [...pins, ...lock.asked.packages.python, ''].join('\n'));
  const env = { ...uv.env, UV_CACHE_DIR: join(scratch, 'lock-uv-cache') };
  const words = ['pip', 'compile', 'wanted.txt', '--quiet', '--no-header', '--generate-hashes'];
  words.push('--only-binary', ':all:', '--python-version', lock.asked.python, ...uv.args);
  words.push(
    '--python-platform',
    lock.platform === 'linux/arm64' ? 'aarch64-manylinux_2_36' : 'x86_64-manylinux_2_36',
  );
  words.push('--output-file', 'locked.txt');
  const own: number[] = [];
  const peer: number[] = [];
  for (let run = 0; run <= options.runs; run += 1) {
    const here = await rig(bench, ['lock', '--force'], { folder, home });
    const there = await runProcess(uv.path, words, { cwd: folder, env });
    if (run === 0) continue;
    own.push(here.seconds);
    peer.push(there.seconds);
  }
  return measured(LOCK, {
    rig: figure(own),
    peer: figure(peer),
    notes: [
      `the first run of each filled its caches and is not counted; both then keep what their earlier output says. rig also solves for driver and GPU and resolves ${lock.debian.length} Debian packages`,
    ],
  });
}
