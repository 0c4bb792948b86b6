import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../dist/rig.js', import.meta.url));

export interface Ran {
  code: number | null;
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
  /** Stops what runs, and removes the home. */
  dispose: () => Promise<void>;
}

export interface RigRun {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
}

/** The built CLI with a home of its own: what a user has, without ./rig's look at the sources. */
export async function rigAt(home?: string): Promise<Rig> {
  const root = home ?? (await mkdtemp(join(tmpdir(), 'rig-home-')));
  const start = (args: readonly string[], options: RigRun = {}): ChildProcess =>
    spawn(process.execPath, [BIN, ...args], {
      cwd: options.cwd,
      env: { ...process.env, TORCHRIG_HOME: root, NO_COLOR: '1', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const run = async (args: readonly string[], options: RigRun = {}): Promise<Ran> => {
    const child = start(args, options);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
    const code = await new Promise<number | null>((done, fail) => {
      child.once('error', fail);
      child.once('close', done);
    });
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  };
  const json = async (args: readonly string[], options?: RigRun): Promise<Record<string, unknown>> => {
    const ran = await run([...args, '--json'], options);
    try {
      return JSON.parse(ran.stdout) as Record<string, unknown>;
    } catch {
      throw new Error(
        `rig ${args.join(' ')} --json printed no document (code ${ran.code}):\n${ran.stdout}\n${ran.stderr}`,
      );
    }
  };
  return Object.assign(run, {
    home: root,
    json,
    start,
    async dispose() {
      const { environments } = (await json(['ps'])) as { environments: { name: string }[] };
      for (const { name } of environments) await run(['down', name, '--purge', '--yes']);
      if (home === undefined) await rm(root, { recursive: true, force: true });
    },
  });
}

/** An empty folder to stand in. */
export async function emptyFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'rig-work-'));
}
