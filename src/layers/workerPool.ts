import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { reviveError, type WorkerReply } from './workerServer.ts';

/** Threads that work through jobs, the heaviest waiting job first. */
export interface WorkerPool {
  readonly size: number;
  /** Resolves with what the handler returned; rejects with its error (RigErrors keep their code, hint and details). */
  run<Result>(job: unknown, options?: JobOptions): Promise<Result>;
  /** Ends the threads; waiting and running jobs reject. */
  close(): Promise<void>;
}

export interface JobOptions {
  /** Bytes or any other measure of work: heavier jobs start first. Default 0. */
  weight?: number;
}

export interface WorkerPoolOptions {
  /** Worker file from `workerUrl`; it calls `serveWorker`. */
  url: URL;
  /** Threads at most; they start when there is work. Default: `workerCount()`. */
  size?: number;
}

interface Waiting {
  job: unknown;
  weight: number;
  done: (value: unknown) => void;
  fail: (error: unknown) => void;
}

/** One thread a core; at most 6, because each costs about 30 MB. */
export function workerCount(): number {
  return Math.min(6, availableParallelism());
}

/**
 * Where the worker `<name>.worker.ts` is, given the `import.meta.url` of a file in the same folder.
 * Bundled, all files lie in one folder and workers are entries of their own: `<name>.worker.js`.
 */
export function workerUrl(name: string, moduleUrl: string): URL {
  return new URL(`./${name}.worker.${moduleUrl.endsWith('.ts') ? 'ts' : 'js'}`, moduleUrl);
}

// Each thread has a heap of its own, and V8 lets the young part of each grow to 48 MB although what lives there is garbage a moment
// later. Buffers go with their objects: a small young part also bounds what waits outside the heap.
const HEAP = { maxYoungGenerationSizeMb: 8 };

// Node 20 cannot load TypeScript: from source (tests, development) a worker brings the tsx loader with it.
function startWorker(url: URL): Worker {
  if (!url.pathname.endsWith('.ts')) return new Worker(url, { execArgv: [], resourceLimits: HEAP });
  const commonJs = createRequire(fileURLToPath(url)).resolve('tsx/esm/api');
  const loader = pathToFileURL(commonJs.replace(/\.cjs$/, '.mjs')).href;
  const code = `import(${JSON.stringify(loader)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(url.href)}); })`;
  return new Worker(`${code}.catch((error) => setImmediate(() => { throw error; }));`, {
    eval: true,
    execArgv: [],
    resourceLimits: HEAP,
  });
}

export function workerPool(options: WorkerPoolOptions): WorkerPool {
  const size = options.size ?? workerCount();
  const waiting: Waiting[] = [];
  const idle: Worker[] = [];
  const running = new Map<Worker, Waiting>();
  const all = new Set<Worker>();
  let closed = false;

  function release(worker: Worker): void {
    const next = waiting.pop();
    if (next) assign(worker, next);
    else {
      worker.unref();
      idle.push(worker);
    }
  }

  function assign(worker: Worker, work: Waiting): void {
    running.set(worker, work);
    worker.ref();
    worker.postMessage(work.job, []);
  }

  function lose(worker: Worker, error: unknown): void {
    if (!all.delete(worker)) return;
    const at = idle.indexOf(worker);
    if (at >= 0) idle.splice(at, 1);
    running.get(worker)?.fail(error);
    running.delete(worker);
    const next = closed ? undefined : waiting.pop();
    if (next) assign(start(), next);
  }

  function start(): Worker {
    const worker = startWorker(options.url);
    all.add(worker);
    worker.on('message', (reply: WorkerReply) => {
      const work = running.get(worker);
      running.delete(worker);
      if (reply.ok) work?.done(reply.value);
      else work?.fail(reviveError(reply.error));
      release(worker);
    });
    worker.once('error', (error) => lose(worker, error));
    worker.once('exit', (code) => lose(worker, new Error(`a worker ended with code ${code}`)));
    return worker;
  }

  function enqueue(work: Waiting): void {
    const worker = idle.pop();
    if (worker) return assign(worker, work);
    if (all.size < size) return assign(start(), work);
    // Ascending by weight, so that pop() takes the heaviest; equal weights in order of arrival.
    let low = 0;
    let high = waiting.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((waiting[middle]?.weight ?? 0) < work.weight) low = middle + 1;
      else high = middle;
    }
    waiting.splice(low, 0, work);
  }

  return {
    size,
    run: <Result>(job: unknown, jobOptions: JobOptions = {}) =>
      new Promise<Result>((done, fail) => {
        if (closed) return fail(new Error('the worker pool is closed'));
        enqueue({ job, weight: jobOptions.weight ?? 0, done: done as (value: unknown) => void, fail });
      }),
    async close() {
      closed = true;
      const error = new Error('the worker pool was closed');
      for (const work of waiting.splice(0)) work.fail(error);
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}
