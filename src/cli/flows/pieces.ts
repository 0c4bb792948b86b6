import type { HomeLayout } from '../../kernel/index.ts';
import {
  debianPieceSources,
  environmentPiece,
  loadedPiece,
  unpackScheduler,
  wheelSource,
} from '../../layers/index.ts';
import type { PieceSource, WheelInput, WorkerPool } from '../../layers/index.ts';
import type { Lock } from '../../lock/index.ts';
import { debianSources, locateDeb } from '../../sources/index.ts';
import { openStore } from '../../store/index.ts';
import type { Store, WantedFile } from '../../store/index.ts';
import { runtimePiece } from '../../workspace/index.ts';
import type { Call } from '../outcome.ts';
import type { KnownLayers } from './knownLayers.ts';
import { pythonSide } from './sources.ts';
import type { PythonSide } from './sources.ts';

export interface PieceContext {
  call: Pick<Call, 'env' | 'signal' | 'progress'>;
  home: HomeLayout;
  lock: Lock;
  pool: WorkerPool;
}

export interface ObtainedPieces {
  /** In no particular order but for generated ones, whose later win; planLayers orders the rest. */
  pieces: PieceSource[];
  storedPath: (sha256: string) => string;
  bytesFetched: number;
  /** Until the last file was verified and in place. */
  fetchMs: number;
}

export interface ObtainOptions {
  /** Also unpack the wheels, while they arrive. */
  trees: boolean;
  /** Sets of Debian packages that need no unpacking for their keys. */
  knownSets?: KnownLayers['debianSets'];
}

/**
 * Brings every file of the lock and turns it into pieces.
 * Network is asked only for what is missing: with everything stored no address is looked up.
 */
export async function obtainPieces(context: PieceContext, options: ObtainOptions): Promise<ObtainedPieces> {
  const { lock, home, call, pool } = context;
  const store = openStore(home);
  const addresses = new Addresses(call);
  const started = performance.now();
  try {
    const wheels = wheelInputs(lock);
    const scheduler = options.trees
      ? await unpackScheduler({ home, wheels, pool, progress: call.progress })
      : undefined;
    try {
      const fetched = fetchAll(context, { store, addresses, watch: scheduler?.watch });
      const debs = fetched.debs.then(() => debPieces(context, store, options));
      const [{ bytesFetched }, fromDebs, , fetchMs] = await Promise.all([
        fetched.all,
        debs,
        scheduler ? fetched.all.then(() => scheduler.done()) : undefined,
        fetched.all.then(() => performance.now() - started),
      ]);
      const fromWheels = wheels.map((wheel) => wheelSource(wheel, () => store.path(wheel.sha256)));
      const frame = loadedPiece(environmentPiece({ python: lock.asked.python }));
      const runtime = loadedPiece(runtimePiece({ epoch: lock.epoch }));
      return {
        pieces: [...fromDebs, ...fromWheels, frame, runtime],
        storedPath: (sha256) => store.path(sha256),
        bytesFetched,
        fetchMs: Math.round(fetchMs),
      };
    } finally {
      await scheduler?.close();
    }
  } finally {
    await addresses.close();
    await store.close();
  }
}

export function wheelInputs(lock: Lock): WheelInput[] {
  return lock.python.map(({ file, sha256, size }) => ({ file, sha256, size, python: lock.asked.python }));
}

/** What a Debian package is called in messages. */
export function debLabel({ name, version }: Lock['debian'][number]): string {
  return `${name} ${version}`;
}

interface FetchPlan {
  store: Store;
  addresses: Addresses;
  watch: NonNullable<Parameters<Store['fetch']>[1]>['watch'];
}

/** Debian packages come first: they are small, and their xz needs the processor while the wheels need the network. */
function fetchAll(
  { call, lock }: PieceContext,
  { store, addresses, watch }: FetchPlan,
): { debs: Promise<void>; all: Promise<{ bytesFetched: number }> } {
  const total = [...lock.python, ...lock.debian].reduce((sum, { size }) => sum + size, 0);
  const debs: WantedFile[] = lock.debian.map((deb) => ({
    sha256: deb.sha256,
    size: deb.size,
    label: debLabel(deb),
    locate: () => addresses.deb(deb),
  }));
  const wheels: WantedFile[] = lock.python.map((wheel) => ({
    sha256: wheel.sha256,
    size: wheel.size,
    label: wheel.file,
    locate: () => addresses.wheel(wheel),
  }));
  const common = { progress: call.progress, signal: call.signal };
  const first = store.fetch(debs, { ...common, task: 'fetch-debian', connections: 4 });
  // What is unpacked is about twice what is fetched.
  const second = store.fetch(wheels, {
    ...common,
    task: 'fetch',
    reserve: total,
    ...(watch ? { watch } : {}),
  });
  const all = Promise.all([first, second]).then((both) => ({
    bytesFetched: both.reduce((sum, { bytesFetched }) => sum + bytesFetched, 0),
  }));
  all.catch(() => {});
  return { debs: first.then(() => undefined), all };
}

async function debPieces(
  { call, home, lock, pool }: PieceContext,
  store: Store,
  { knownSets = {} }: ObtainOptions,
): Promise<PieceSource[]> {
  const debs = lock.debian.map(({ name, version, sha256, size }) => ({
    name,
    version,
    sha256,
    size,
    path: store.path(sha256),
  }));
  const { progress } = call;
  return debianPieceSources({ debs, home, epoch: lock.epoch, progress, pool, known: knownSets });
}

/** Where files can be had, asked of the machine's clients at the first file that is missing. */
class Addresses {
  readonly #call: PieceContext['call'];
  #python: Promise<PythonSide> | undefined;
  #debian: ReturnType<typeof debianSources> | undefined;

  constructor(call: PieceContext['call']) {
    this.#call = call;
  }

  async wheel(wheel: Lock['python'][number]): Promise<Awaited<ReturnType<WantedFile['locate']>>> {
    this.#python ??= pythonSide(this.#call);
    return (await this.#python).index.locateWheel(wheel);
  }

  async deb(deb: Lock['debian'][number]): Promise<Awaited<ReturnType<WantedFile['locate']>>> {
    this.#debian ??= debianSources(this.#call.env);
    return locateDeb(await this.#debian, deb);
  }

  async close(): Promise<void> {
    const python = await this.#python?.catch(() => undefined);
    await python?.http.close();
  }
}
