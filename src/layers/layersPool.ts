import { workerPool, workerUrl, type WorkerPool } from './workerPool.ts';

/** Threads for unpacking, linking, hashing and compressing (layers.worker.ts). One pool serves a whole command. */
export function layersPool(size?: number): WorkerPool {
  return workerPool({ url: workerUrl('layers', import.meta.url), ...(size === undefined ? {} : { size }) });
}
