import { mkdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Lock, LockedWheel } from '../../src/lock/index.ts';
import type { Bench } from './bench.ts';
import { runProcess } from './runProcess.ts';

/** The locked wheels as a requirements file that allows exactly them. */
export function requirements(wheels: readonly LockedWheel[]): string {
  return wheels.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`).join('');
}

export const venvFolder = (bench: Bench): string => join(bench.scratch, 'venv');
export const venvProgram = (bench: Bench, name: string): string => join(venvFolder(bench), 'bin', name);

/** `uv venv` and `uv pip install` of exactly the locked wheels with an empty cache; seconds of both together. */
export async function makeVenv(bench: Bench): Promise<number> {
  const { uv, lock, scratch } = bench;
  const folder = venvFolder(bench);
  const cache = join(scratch, 'uv-cache');
  for (const each of [folder, cache]) await rm(each, { recursive: true, force: true });
  await mkdir(cache);
  const list = join(scratch, 'requirements.txt');
  await writeFile(list, requirements(lock.python));
  const env = { ...uv.env, UV_CACHE_DIR: cache };
  const made = await runProcess(uv.path, ['venv', '--quiet', '--python', pythonOf(lock), folder], { env });
  const words = ['pip', 'install', '--quiet', '--python', venvProgram(bench, 'python'), '--no-deps'];
  const filled = await runProcess(uv.path, [...words, '--require-hashes', ...uv.args, '-r', list], { env });
  return made.seconds + filled.seconds;
}

/** The venv, made now if no row has made it. */
export async function ensureVenv(bench: Bench): Promise<void> {
  if (existsSync(venvProgram(bench, 'python'))) return;
  bench.say('making the venv of the peer');
  await makeVenv(bench);
}

const pythonOf = ({ asked }: Lock): string => `python${asked.python}`;
