import { spawn } from 'node:child_process';
import { peakWatch } from './peakMemory.ts';

export interface Finished {
  code: number | null;
  /** Spawn to exit. */
  seconds: number;
  /** Largest resident set that one Node process of its tree ever had, in MB (10^6); 0 when it was not watched. */
  peakMb: number;
  stdout: string;
  stderr: string;
}

export interface ProcessOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Watch the memory of the Node processes of its tree. */
  watch?: boolean;
}

/** Runs a program to its end and measures it. Throws, with its last words, when it fails. */
export async function runProcess(
  program: string,
  args: readonly string[],
  { cwd, env = process.env, watch = false }: ProcessOptions = {},
): Promise<Finished> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const began = performance.now();
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const peaks = watch && child.pid !== undefined ? peakWatch(child.pid) : undefined;
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  try {
    // Its end, not the end of its pipes: what it leaves in the background may hold those.
    const code = await new Promise<number | null>((done, fail) => {
      child.once('error', fail);
      child.once('exit', done);
    });
    const seconds = (performance.now() - began) / 1000;
    await new Promise((done) => setImmediate(done));
    const stdout = Buffer.concat(out).toString();
    const stderr = Buffer.concat(err).toString();
    if (code !== 0) {
      const words = `${stdout}\n${stderr}`.trim().slice(-2000);
      throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${words}`);
    }
    return { code, seconds, peakMb: peaks?.megabytes() ?? 0, stdout, stderr };
  } finally {
    peaks?.stop();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}
