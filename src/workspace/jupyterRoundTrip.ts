import { messageOf, RigError } from '../kernel/index.ts';
import { askJupyter, type JupyterServer } from './jupyterApi.ts';
import { KernelConnection, type Execution } from './kernelConnection.ts';

export interface RoundTripOptions extends JupyterServer {
  /** What the kernel runs. */
  code?: string;
  /** Milliseconds for each step. */
  timeout?: number;
  /** Also interrupt a running cell and restart the kernel. */
  interruptAndRestart?: boolean;
}

export interface RoundTrip {
  /** What the code printed, trimmed. */
  output: string;
  /** Milliseconds of each step; null for what was not asked. */
  timings: {
    startMs: number;
    executeMs: number;
    interruptMs: number | null;
    restartMs: number | null;
    totalMs: number;
  };
}

const DEFAULT_CODE = 'import torch; print(torch.__version__)';

/**
 * What a notebook does, through Jupyter itself: start a kernel, run code, interrupt a cell that hangs, restart, run again, delete
 * the kernel. Throws RIG-WORKSPACE-006 naming the step that failed; the kernel is deleted in every case.
 */
export async function jupyterRoundTrip(options: RoundTripOptions): Promise<RoundTrip> {
  const timeout = options.timeout ?? 60_000;
  const started = performance.now();
  const kernel = await step('start a kernel', () => startKernel(options, timeout));
  let connection: KernelConnection | undefined;
  try {
    connection = await step('connect to the kernel', () => KernelConnection.open(options, kernel, timeout));
    const open = connection;
    const first = await step('run code', () => open.execute('pass', { timeout }));
    const startMs = performance.now() - started;
    expectOk('run code', first);
    const executed = await step('run code', () => open.execute(options.code ?? DEFAULT_CODE, { timeout }));
    expectOk('run code', executed);
    const extended = options.interruptAndRestart ?? true;
    const interruptMs = extended ? await interrupt(options, { kernel, connection: open, timeout }) : null;
    const restartMs = extended ? await restart(options, { kernel, connection: open, timeout }) : null;
    const totalMs = performance.now() - started;
    const timings = { startMs, executeMs: executed.milliseconds, interruptMs, restartMs, totalMs };
    return { output: executed.stdout.trim(), timings };
  } finally {
    connection?.close();
    await askJupyter(options, `/api/kernels/${kernel}`, { method: 'DELETE', timeout }).catch(() => undefined);
  }
}

interface Running {
  kernel: string;
  connection: KernelConnection;
  timeout: number;
}

async function startKernel(server: JupyterServer, timeout: number): Promise<string> {
  const answer = await askJupyter(server, '/api/kernels', {
    method: 'POST',
    body: { name: 'python3' },
    timeout,
  });
  if (answer.status !== 201) throw new Error(`Jupyter answered ${answer.status}`);
  const { id } = JSON.parse(answer.text) as { id?: unknown };
  if (typeof id !== 'string' || !/^[0-9a-f-]{36}$/.test(id)) throw new Error('Jupyter gave no kernel id');
  return id;
}

/** A cell that sleeps for ten minutes must end by KeyboardInterrupt. */
async function interrupt(server: JupyterServer, { kernel, connection, timeout }: Running): Promise<number> {
  return await step('interrupt a cell', async () => {
    let sent = 0;
    let posted: Promise<unknown> | undefined;
    const hanging = await connection.execute('import time\nprint("running", flush=True)\ntime.sleep(600)', {
      timeout,
      onPrint: () => {
        if (posted) return;
        sent = performance.now();
        posted = askJupyter(server, `/api/kernels/${kernel}/interrupt`, { method: 'POST', timeout });
        // Awaited below; a failure shows there.
        posted.catch(() => undefined);
      },
    });
    await posted;
    if (hanging.error?.name !== 'KeyboardInterrupt') throw new Error(`the cell ended with ${hanging.status}`);
    return performance.now() - sent;
  });
}

/** After a restart the kernel runs code again and has forgotten what it knew. */
async function restart(server: JupyterServer, { kernel, connection, timeout }: Running): Promise<number> {
  return await step('restart the kernel', async () => {
    expectOk('restart the kernel', await connection.execute('_rig_mark = 1', { timeout }));
    const started = performance.now();
    const answer = await askJupyter(server, `/api/kernels/${kernel}/restart`, { method: 'POST', timeout });
    if (answer.status !== 200) throw new Error(`Jupyter answered ${answer.status}`);
    // As a notebook does: the old connection may lose the new kernel's first output, a new one waits until it is heard.
    const fresh = await KernelConnection.open(server, kernel, timeout);
    try {
      const after = await fresh.execute('print("_rig_mark" in globals())', { timeout });
      expectOk('restart the kernel', after);
      const said = after.stdout.trim();
      if (said !== 'False')
        throw new Error(`the kernel should have forgotten _rig_mark and printed "${said}"`);
    } finally {
      fresh.close();
    }
    return performance.now() - started;
  });
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RigError) throw error;
    throw failed(name, messageOf(error));
  }
}

function expectOk(name: string, execution: Execution): void {
  if (execution.status === 'ok') return;
  const { error } = execution;
  throw failed(name, error ? `${error.name}: ${error.value}` : 'the kernel dropped the request');
}

function failed(name: string, why: string): RigError {
  return new RigError('RIG-WORKSPACE-006', `Jupyter could not ${name}`, {
    why,
    hint: 'rig logs; rig down and rig up start it anew',
    details: { step: name },
  });
}
