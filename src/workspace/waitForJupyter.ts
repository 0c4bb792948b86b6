import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { RigError } from '../kernel/index.ts';
import { askJupyter, type JupyterServer } from './jupyterApi.ts';

export interface WaitOptions extends JupyterServer {
  /** Milliseconds. */
  timeout?: number;
  /** False as soon as the server's process is gone: waiting ends at once. */
  isAlive?: () => boolean | Promise<boolean>;
  /** Its last lines are part of the error. */
  logFile?: string;
  signal?: AbortSignal;
}

const POLL_MS = 20;

/**
 * Resolves, with the milliseconds it took, when the server answers a request that needs the token. Throws RIG-WORKSPACE-004
 * (ended or too slow, with the last lines of its log) or -005 (another server answers on this port).
 */
export async function waitForJupyter(options: WaitOptions): Promise<number> {
  const started = performance.now();
  const timeout = options.timeout ?? 60_000;
  for (;;) {
    options.signal?.throwIfAborted();
    const left = timeout - (performance.now() - started);
    const status = await statusOf(options, left);
    if (status === 200) return performance.now() - started;
    if (status === 401 || status === 403) throw otherServer(options.port);
    if (options.isAlive && !(await options.isAlive())) throw await notStarted('it ended', options);
    if (left <= 0)
      throw await notStarted(`it did not answer within ${Math.round(timeout / 1000)} s`, options);
    await sleep(POLL_MS);
  }
}

async function statusOf(server: JupyterServer, left: number): Promise<number | undefined> {
  try {
    return (await askJupyter(server, '/api/status', { timeout: Math.max(1000, Math.min(left, 10_000)) }))
      .status;
  } catch {
    return undefined;
  }
}

function otherServer(port: number): RigError {
  return new RigError('RIG-WORKSPACE-005', `another server answers on port ${port}`, {
    why: 'it does not accept the token of this environment',
    hint: 'rig up --jupyter-port PORT',
    details: { port },
  });
}

async function notStarted(what: string, options: WaitOptions): Promise<RigError> {
  const log = options.logFile === undefined ? '' : await lastLines(options.logFile, options.token);
  return new RigError('RIG-WORKSPACE-004', `Jupyter did not start: ${what}`, {
    why: log === '' ? 'its log is empty' : `its last lines:\n${log}`,
    hint: 'rig logs',
    details: { port: options.port, log },
  });
}

/** The last 15 lines of a log, without the token should it be there. */
async function lastLines(path: string, token: string): Promise<string> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const buffer = Buffer.alloc(Math.min(size, 16_384));
      await handle.read(buffer, 0, buffer.length, Math.max(0, size - buffer.length));
      const lines = buffer.toString().replaceAll(token, '[token]').trimEnd().split('\n');
      return lines.slice(-15).join('\n');
    } finally {
      await handle.close();
    }
  } catch {
    return '';
  }
}
