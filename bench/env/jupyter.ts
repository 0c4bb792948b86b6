import { spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NAME } from './bench.ts';
import type { Bench } from './bench.ts';
import { venvProgram } from './venv.ts';

const POLL_MS = 20;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => void server.close(done));
  return port;
}

/** Seconds from now until Jupyter answers 200 to who has the token; rejects when `stop` is raised. */
export async function answered(
  port: number,
  token: () => Promise<string | undefined>,
  stop: AbortSignal,
): Promise<number> {
  const began = performance.now();
  for (;;) {
    stop.throwIfAborted();
    const known = await token();
    if (known !== undefined && (await asks(port, known))) return (performance.now() - began) / 1000;
    await sleep(POLL_MS);
  }
}

async function asks(port: number, token: string): Promise<boolean> {
  try {
    const headers = { authorization: `token ${token}` };
    const answer = await fetch(`http://127.0.0.1:${port}/api/status`, { headers });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** The token that rig made for the environment, once it is there. */
export function rigToken({ home }: Bench): () => Promise<string | undefined> {
  return async () => {
    const text = await readFile(join(home, 'envs', NAME, 'jupyter.token'), 'utf8').catch(() => '');
    return text.trim() || undefined;
  };
}

/** Starts `jupyter lab` of the venv, waits for its answer, and ends it. Seconds from spawn to answer. */
export async function bareJupyter(bench: Bench): Promise<number> {
  const port = await freePort();
  const token = 'benchmark';
  const home = join(bench.scratch, 'peer-home');
  await mkdir(home, { recursive: true });
  const words = [
    'lab',
    '--no-browser',
    '--allow-root',
    '--ip=127.0.0.1',
    `--port=${port}`,
    '--ServerApp.port_retries=0',
  ];
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', HOME: home, JUPYTER_TOKEN: token };
  const stop = new AbortController();
  const child = spawn(venvProgram(bench, 'jupyter'), words, { cwd: home, env, stdio: 'ignore' });
  const gone = new Promise<void>((done) => child.once('close', () => done()));
  child.once('close', () => stop.abort(new Error('jupyter lab ended before it answered')));
  try {
    return await answered(port, async () => token, stop.signal);
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
}
