import { mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../src/kernel/index.ts';
import type { LockedWheel } from '../../src/lock/index.ts';
import { pythonIndex, pythonSources } from '../../src/sources/index.ts';
import { createHttp } from '../../src/store/index.ts';
import { flushed, setAside } from './bench.ts';
import type { Bench } from './bench.ts';
import { runProcess } from './runProcess.ts';

/** The locked wheels as a requirements file that allows exactly them; some by address. */
export function requirements(
  wheels: readonly LockedWheel[],
  addressed: ReadonlyMap<string, string> = new Map(),
): string {
  const lines = wheels.map(({ name, version, sha256 }) => {
    const address = addressed.get(name);
    const what = address === undefined ? `${name}==${version}` : `${name} @ ${address}`;
    return `${what} --hash=sha256:${sha256}\n`;
  });
  return lines.join('');
}

export const venvFolder = (bench: Bench): string => join(bench.scratch, 'venv');
export const venvProgram = (bench: Bench, name: string): string => join(venvFolder(bench), 'bin', name);

/** More wheels than these from elsewhere, and the peer would no longer be what people do. */
const MAX_ADDRESSED = 8;

/**
 * `uv venv` and `uv pip install` of exactly the locked wheels with an empty cache; seconds of both together.
 * Where several indexes have different wheels of one version, uv takes the first index's and stops at the hash: such a wheel is asked
 * for by its address, and all begins anew.
 */
export async function makeVenv(bench: Bench): Promise<number> {
  const { uv, lock, scratch, addressed } = bench;
  for (;;) {
    const list = join(scratch, 'requirements.txt');
    // An address may hold a password.
    await writeFile(list, requirements(lock.python, addressed), { mode: 0o600 });
    const cache = join(scratch, 'uv-cache');
    for (const each of [venvFolder(bench), cache]) await setAside(bench, each);
    await mkdir(cache);
    await flushed();
    const env = { ...uv.env, UV_CACHE_DIR: cache };
    const python = `python${lock.asked.python}`;
    const made = await runProcess(uv.path, ['venv', '--quiet', '--python', python, venvFolder(bench)], {
      env,
    });
    const words = ['pip', 'install', '--quiet', '--python', venvProgram(bench, 'python'), '--no-deps'];
    try {
      const filled = await runProcess(uv.path, [...words, '--require-hashes', ...uv.args, '-r', list], {
        env,
      });
      return made.seconds + filled.seconds;
    } catch (error) {
      const name = /Hash mismatch for `([^`=]+)==/.exec(messageOf(error))?.[1];
      const wheel = lock.python.find((each) => each.name === name);
      if (!wheel || addressed.has(wheel.name) || addressed.size === MAX_ADDRESSED) throw error;
      addressed.set(wheel.name, await addressOf(wheel));
    }
  }
}

async function addressOf(wheel: LockedWheel): Promise<string> {
  const http = createHttp();
  try {
    const [place] = await pythonIndex(await pythonSources(), http).locateWheel(wheel);
    if (!place) throw new Error(`nobody has ${wheel.file}`);
    return place.url;
  } finally {
    await http.close();
  }
}

/** The venv, made now if no row has made it. */
export async function ensureVenv(bench: Bench): Promise<void> {
  if (existsSync(venvProgram(bench, 'python'))) return;
  bench.say('making the venv of the peer');
  await makeVenv(bench);
}
