import { exitCode } from '../../src/engine/index.ts';
import type { Engine, ExecRequest } from '../../src/engine/index.ts';

export interface Captured {
  code: number;
  out: string;
  err: string;
}

/** Runs a command inside and collects what it prints. */
export async function capture(
  engine: Engine,
  name: string,
  command: string[],
  options: Partial<ExecRequest> & { input?: Buffer | string } = {},
): Promise<Captured & { bytes: Buffer }> {
  const { input, ...request } = options;
  const child = await engine.spawn(name, { command, stdio: ['pipe', 'pipe', 'pipe'], ...request });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin?.on('error', () => {});
  child.stdin?.end(input ?? '');
  const code = await exitCode(child);
  const bytes = Buffer.concat(out);
  return { code, out: bytes.toString(), err: Buffer.concat(err).toString(), bytes };
}

/** Waits until something holds; fails after `ms`. */
export async function until(what: () => Promise<boolean> | boolean, ms = 10_000): Promise<true> {
  const end = Date.now() + ms;
  while (!(await what())) {
    if (Date.now() > end) throw new Error('it did not come to pass in time');
    await new Promise((done) => setTimeout(done, 25));
  }
  return true;
}
