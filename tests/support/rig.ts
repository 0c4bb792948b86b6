import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../../dist/rig.js', import.meta.url));

export interface Ran {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Rig {
  /** The home of this object's runs. */
  home: string;
  /** Runs `rig ARGS` to its end. */
  (args: readonly string[], options?: RigRun): Promise<Ran>;
  /** Runs `rig ARGS --json`; the document. */
  json: (args: readonly string[], options?: RigRun) => Promise<Record<string, unknown>>;
  /** Starts `rig ARGS` and returns its process. */
  start: (args: readonly string[], options?: RigRun) => ChildProcess;
  /** Removes the environments that were made since, and the home unless it was given. */
  dispose: () => Promise<void>;
}

export interface RigRun {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
}

export interface RigOptions {
  /** A home to use and to keep; default a new one. */
  home?: string;
  /** What is run instead of this checkout's built CLI. */
  program?: readonly [string, ...string[]];
  /** Added to the environment of every run. */
  env?: NodeJS.ProcessEnv;
}

/** The built CLI with a home of its own: what a user has, without ./rig's look at the sources. */
export async function rigAt(options: RigOptions = {}): Promise<Rig> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'rig-home-')));
  const [program, ...words] = options.program ?? [process.execPath, BIN];
  const start = (args: readonly string[], { cwd, env }: RigRun = {}): ChildProcess =>
    spawn(program, [...words, ...args], {
      cwd,
      env: { ...process.env, TORCHRIG_HOME: home, NO_COLOR: '1', ...options.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const run = async (args: readonly string[], how: RigRun = {}): Promise<Ran> =>
    ended(start(args, how), how.input);
  const json = async (args: readonly string[], how?: RigRun): Promise<Record<string, unknown>> => {
    const ran = await run([...args, '--json'], how);
    try {
      return JSON.parse(ran.stdout) as Record<string, unknown>;
    } catch {
      throw new Error(
        `rig ${args.join(' ')} --json printed no document (code ${ran.code}):\n${ran.stdout}\n${ran.stderr}`,
      );
    }
  };
  const names = async (): Promise<string[]> => {
    const { environments } = (await json(['ps'])) as { environments: { name: string }[] };
    return environments.map(({ name }) => name);
  };
  const before = options.home === undefined ? [] : await names();
  return Object.assign(run, {
    home,
    json,
    start,
    async dispose() {
      for (const name of await names())
        if (!before.includes(name)) await run(['down', name, '--purge', '--yes']);
      if (options.home === undefined) await rm(home, { recursive: true, force: true });
    },
  });
}

/** What a process printed, and how it ended. */
export async function ended(child: ChildProcess, input = ''): Promise<Ran> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, fail) => {
    child.once('error', fail);
    child.once('close', (...how) => done(how));
  });
  return { code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** Runs a program; what it printed. Throws when it fails. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RigRun = {},
): Promise<string> {
  const env = { ...process.env, ...options.env };
  const ran = await ended(spawn(program, args, { cwd: options.cwd, env }), options.input);
  if (ran.code !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`);
  return ran.stdout;
}

/** An empty folder to stand in. */
export async function emptyFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'rig-work-'));
}

/** Gives a home the files that another one has fetched, and nothing else of it. */
export async function giveFiles(from: string, to: string): Promise<void> {
  await cp(join(from, 'files'), join(to, 'files'), { recursive: true });
}
