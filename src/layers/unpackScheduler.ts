import { silent, type HomeLayout, type Progress } from '../kernel/index.ts';
import type { StoreWatch } from '../store/index.ts';
import { diskTrouble } from './diskTrouble.ts';
import { layersPool } from './layersPool.ts';
import { hasTree } from './treeStore.ts';
import { wheelKey, type WheelInput } from './wheelPiece.ts';
import { WheelUnpacking } from './wheelUnpacking.ts';
import type { WorkerPool } from './workerPool.ts';

export interface UnpackOptions {
  home: HomeLayout;
  /** Every wheel whose tree is wanted; those that have one are not touched. */
  wheels: readonly WheelInput[];
  pool?: WorkerPool;
  progress?: Progress;
  /** Name of the progress task; default `unpack`. */
  task?: string;
}

/** Unpacks wheels into trees while they arrive. */
export interface UnpackScheduler {
  /** For `store.fetch({watch})`. Files that are no wheel of ours are ignored. */
  watch: StoreWatch;
  /** A wheel that lies in the store. The same as `watch.onStored`. */
  unpackStored(sha256: string, path: string): void;
  /** Waits for all wheels: resolves with how many trees were made; rejects with the first fault (RIG-LAYERS-001 to -011). */
  done(): Promise<{ made: number }>;
  /** Ends early: waits for running work and removes unfinished trees. Harmless after `done`. */
  close(): Promise<void>;
}

/** Central directories are mostly smaller than this; torch's is 1.6 MB. */
const TAIL_BYTES = 2 << 20;

/** Starts nothing by itself: work comes through `watch` or `unpackStored`. */
export async function unpackScheduler(options: UnpackOptions): Promise<UnpackScheduler> {
  const { home, progress = silent, task = 'unpack' } = options;
  const missing: WheelInput[] = [];
  for (const wheel of options.wheels) if (!(await hasTree(home, wheelKey(wheel)))) missing.push(wheel);
  const pool = options.pool ?? layersPool();
  const advance = (by: number): void => progress({ kind: 'advance', task, by });
  const open = new Map(
    missing.map((wheel) => [wheel.sha256, new WheelUnpacking({ wheel, home, pool, advance })]),
  );
  const results = new Map([...open.keys()].map((sha256) => [sha256, new Result()]));
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  if (total > 0)
    progress({ kind: 'task', task, label: `unpacking ${missing.length} packages`, unit: 'bytes', total });
  const onStored = (sha256: string, path: string): void => {
    const wheel = open.get(sha256);
    if (!wheel) return;
    open.delete(sha256);
    results.get(sha256)?.follow(wheel.stored(path), home.root);
  };
  const close = async (): Promise<void> => {
    await Promise.all([...open.values()].map((wheel) => wheel.discard()));
    open.clear();
    await Promise.allSettled([...results.values()].map(({ work }) => Promise.resolve(work)));
    if (!options.pool) await pool.close();
  };
  return {
    watch: {
      tailBytes: TAIL_BYTES,
      onTail: (sha256, path, start) => open.get(sha256)?.tail(path, start),
      onPrefix: (sha256, _path, bytes) => open.get(sha256)?.prefix(bytes),
      onRestart: (sha256) => open.get(sha256)?.restart(),
      onStored,
    },
    unpackStored: onStored,
    async done() {
      try {
        await Promise.all([...results.values()].map(({ promise }) => promise));
      } finally {
        await close();
      }
      if (total > 0) progress({ kind: 'done', task });
      return { made: results.size };
    },
    close,
  };
}

/** Of one wheel: pending until the store has the file, then as its unpacking ends. */
class Result {
  /** The unpacking, once it can end. */
  work: Promise<unknown> | undefined;
  readonly promise: Promise<void>;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody may be listening yet, or ever if the download fails first.
    this.promise.catch(() => {});
  }

  follow(work: Promise<unknown>, root: string): void {
    this.work = work;
    work.then(this.#resolve, (error: unknown) => this.#reject(diskTrouble(error, root)));
  }
}

/** Makes the trees of wheels that are all stored already. */
export async function unpackStoredWheels(
  options: UnpackOptions & { storedPath(sha256: string): string },
): Promise<{ made: number }> {
  const scheduler = await unpackScheduler(options);
  for (const wheel of [...options.wheels].sort((a, b) => b.size - a.size))
    scheduler.unpackStored(wheel.sha256, options.storedPath(wheel.sha256));
  return scheduler.done();
}
