import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { homeLayout } from '../../src/kernel/index.ts';
import { readLock } from '../../src/lock/index.ts';
import type { Lock } from '../../src/lock/index.ts';
import { findUv, pythonSources, uvEnvironment } from '../../src/sources/index.ts';
import type { Options } from './options.ts';
import { nodesOf, peakOf } from './peakMemory.ts';
import { runProcess } from './runProcess.ts';
import type { Finished } from './runProcess.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What all rows share. Everything lies below `scratch`. */
export interface Bench {
  options: Options;
  scratch: string;
  /** TORCHRIG_HOME of the rows about a running environment. */
  home: string;
  /** The folder in which `rig` runs: empty for a preset, else with the set's own two files. */
  folder: string;
  /** The set's torchrig.yaml. */
  specFile: string;
  lock: Lock;
  /** What `import` is measured with. */
  module: string;
  /** uv, and the environment that gives it the same sources as rig; UV_CACHE_DIR is set apart. */
  uv: { path: string; version: string; env: NodeJS.ProcessEnv; args: string[] };
  /** Wheels that the peer must be given by address (venv.ts). */
  addressed: Map<string, string>;
  /** Peak memory of rig's processes by row, in MB. */
  peaks: Map<string, number>;
  say: (line: string) => void;
}

/** Name of the environment that is started. */
export const NAME = 'bench';

export async function openBench(options: Options, say: Bench['say']): Promise<Bench> {
  const isPreset = existsSync(join(ROOT, 'presets', options.set, 'torchrig.lock'));
  const source = isPreset ? join(ROOT, 'presets', options.set) : resolve(options.set);
  const lock = await readLock(join(source, 'torchrig.lock'));
  if (!lock) throw new Error(`${source}: no torchrig.lock`);
  await runProcess('sh', [join(ROOT, 'scripts', 'ready.sh'), 'build'], { cwd: ROOT });
  await mkdir(options.scratch, { recursive: true });
  const scratch = await mkdtemp(join(options.scratch, 'rig-bench-'));
  await copyPackage(join(scratch, 'package'));
  // The same without what presets know of their layers.
  await copyPackage(join(scratch, 'package-bare'));
  for (const preset of await readdir(join(scratch, 'package-bare', 'presets')))
    await rm(join(scratch, 'package-bare', 'presets', preset, 'layers.json'), { force: true });
  const folder = join(scratch, 'folder');
  await mkdir(folder);
  if (!isPreset || options.set !== 'v2.7')
    for (const file of ['torchrig.yaml', 'torchrig.lock']) await cp(join(source, file), join(folder, file));
  const tools = homeLayout(join(scratch, 'tools'));
  const uv = await findUv(process.env, tools);
  const given = uvEnvironment(await pythonSources(process.env, tools), process.env, tools);
  return {
    options,
    scratch,
    home: join(scratch, 'home'),
    folder,
    specFile: join(source, 'torchrig.yaml'),
    lock,
    module: lock.plan ? 'torch' : 'numpy',
    uv: { path: uv.path, version: uv.version, ...given },
    addressed: new Map(),
    peaks: new Map(),
    say,
  };
}

/** The built program with what it reads at run time: as an installed package, safe from builds that happen meanwhile. */
async function copyPackage(to: string): Promise<void> {
  await mkdir(to);
  for (const name of ['dist', 'presets', 'schema', 'python', 'package.json'])
    await cp(join(ROOT, name), join(to, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(to, 'node_modules'));
}

export interface RigOptions {
  home?: string;
  folder?: string;
  /** False: the package without what presets know of their layers. */
  shipped?: boolean;
  /** Row under which the peak of memory is kept. */
  peakOf?: string;
}

/** Runs rig to its end. */
export async function rig(
  bench: Bench,
  args: readonly string[],
  options: RigOptions = {},
): Promise<Finished> {
  const { home = bench.home, folder = bench.folder, shipped = true, peakOf: row } = options;
  const program = join(bench.scratch, shipped ? 'package' : 'package-bare', 'dist', 'rig.js');
  // As ./rig starts it.
  const env = { ...process.env, TORCHRIG_HOME: home, NO_COLOR: '1', MALLOC_ARENA_MAX: '2' };
  const done = await runProcess(process.execPath, [program, ...args], {
    cwd: folder,
    env,
    watch: row !== undefined,
  });
  if (row !== undefined) notePeak(bench, row, done.peakMb);
  return done;
}

/** `rig ARGS --json`; its document is `data`. */
export async function rigJson(
  bench: Bench,
  args: readonly string[],
  options?: RigOptions,
): Promise<Finished & { data: unknown }> {
  const done = await rig(bench, [...args, '--json'], options);
  return { ...done, data: JSON.parse(done.stdout) as unknown };
}

function notePeak({ peaks }: Bench, row: string, megabytes: number): void {
  peaks.set(row, Math.max(peaks.get(row) ?? 0, megabytes));
}

/** Waits until what rig left to the background for a home has ended, so that it does not disturb what is measured next. */
export async function settled(bench: Bench, home: string, row?: string): Promise<void> {
  for (let pids = nodesOf(home); pids.length > 0; pids = nodesOf(home)) {
    if (row !== undefined) for (const pid of pids) notePeak(bench, row, peakOf(pid));
    await sleep(200);
  }
}

/** Waits until the environment has warmed its byte code in the background. */
export async function warmed(bench: Bench): Promise<void> {
  const count = `grep -l "[f]or module in" /proc/[0-9]*/cmdline 2>/dev/null | wc -l`;
  for (;;) {
    const { stdout } = await rig(bench, ['exec', NAME, '--', '/bin/sh', '-c', count]);
    if (stdout.trim() === '0') return;
    await sleep(2000);
  }
}

/** What was written before is on the disk: it is not paid by what is measured next. */
export async function flushed(): Promise<void> {
  await runProcess('sync', []);
}

const asideFolder = (bench: Bench): string => join(bench.scratch, 'aside');

/**
 * Moves what a run made out of the way of the next, if it is there. It is removed later (`removeAside`): ext4 finds free inodes slowly
 * for minutes after many files were removed, and the next run would pay for it.
 */
export async function setAside(bench: Bench, path: string): Promise<void> {
  if (!existsSync(path)) return;
  await mkdir(asideFolder(bench), { recursive: true });
  await rename(path, await mkdtemp(join(asideFolder(bench), 'a-')));
}

export async function removeAside(bench: Bench): Promise<void> {
  await rm(asideFolder(bench), { recursive: true, force: true });
}

/** Stops the environment if it is there, and removes all that was made. */
export async function closeBench(bench: Bench): Promise<void> {
  if (existsSync(join(bench.home, 'envs', NAME)))
    await rig(bench, ['down', NAME, '--purge', '--yes']).catch(() => {});
  await settled(bench, bench.home);
  if (!bench.options.keep) await rm(bench.scratch, { recursive: true, force: true });
}
