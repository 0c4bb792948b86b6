import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import type { HomeLayout } from '../kernel/index.ts';
import { fileReader, readFully } from './byteReader.ts';
import type { LayersJob } from './layers.worker.ts';
import { parentOf } from './pieceEntries.ts';
import { readDirectoryOf, readWheelDirectory, type WheelDirectory } from './readWheel.ts';
import { makeFolder } from './settleTree.ts';
import { newTree, type NewTree } from './treeStore.ts';
import { environmentPaths, wheelKey, type WheelInput } from './wheelPiece.ts';
import { installPlan, type InstallStep } from './wheelScheme.ts';
import type { WorkerPool } from './workerPool.ts';

/** Small entries travel together until they unpack to this much. */
const BATCH_BYTES = 4 << 20;
const BATCH_ENTRIES = 400;
/** Completing a tree goes before everything else: it frees the wheel. */
const SETTLE_WEIGHT = Number.MAX_SAFE_INTEGER;

interface PendingStep extends InstallStep {
  /** The entry's bytes end before this offset. */
  end: number;
}

/** One wheel on its way into its tree. Calls may come while the file grows; nothing is committed before `stored`. */
export class WheelUnpacking {
  readonly wheel: WheelInput;
  readonly #home: HomeLayout;
  readonly #pool: WorkerPool;
  readonly #advance: (bytes: number) => void;
  #turn: Promise<unknown> = Promise.resolve();
  #fd: number | undefined;
  #tree: NewTree | undefined;
  #pending: PendingStep[] | undefined;
  #running: Promise<void>[] = [];
  #fault: unknown;
  #advanced = 0;

  constructor(options: {
    wheel: WheelInput;
    home: HomeLayout;
    pool: WorkerPool;
    /** Compressed bytes done; negative when they were in vain. */
    advance: (bytes: number) => void;
  }) {
    this.wheel = options.wheel;
    this.#home = options.home;
    this.#pool = options.pool;
    this.#advance = options.advance;
  }

  /** The end of the file is on disk. */
  tail(path: string, tailStart: number): void {
    this.#next(async () => {
      if (this.#pending) return;
      this.#fd ??= openSync(path, 'r');
      const tail = Buffer.allocUnsafe(this.wheel.size - tailStart);
      const got = readFully(this.#fd, tail, { offset: tailStart, length: tail.length });
      const directory = readWheelDirectory(this.wheel.file, tail.subarray(0, got), tailStart);
      if (!('needFrom' in directory)) await this.#plan(directory);
    });
  }

  /** Bytes 0 to `bytesOnDisk` are on disk. */
  prefix(bytesOnDisk: number): void {
    this.#next(() => this.#dispatch(bytesOnDisk));
  }

  /** What was on disk was wrong. */
  restart(): void {
    this.#turn = this.#turn.then(() => this.#startOver()).catch(() => {});
  }

  /** The file is whole and verified. Resolves with the tree's path; rejects with what is wrong with the wheel or the disk. */
  async stored(path: string): Promise<string> {
    await this.#turn;
    try {
      const first = await this.#finish(path).catch(async (error: unknown) => {
        // Bytes seen during the download do not count against a verified file: once more from the file itself.
        if (this.#advanced === 0) throw error;
        await this.#startOver();
        return this.#finish(path);
      });
      this.#progress(this.wheel.size - this.#advanced);
      return first;
    } catch (error) {
      await this.#startOver();
      throw error;
    }
  }

  /** Gives up: removes what was written. */
  async discard(): Promise<void> {
    await this.#turn;
    await this.#startOver();
  }

  #next(step: () => void | Promise<void>): void {
    this.#turn = this.#turn
      .then(() => (this.#fault === undefined ? step() : undefined))
      .catch((error: unknown) => (this.#fault ??= error));
  }

  async #finish(path: string): Promise<string> {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#fd !== undefined && fstatSync(this.#fd).ino !== statSync(path).ino) await this.#startOver();
    this.#fd ??= openSync(path, 'r');
    if (!this.#pending) {
      const reader = fileReader(path);
      try {
        await this.#plan(readDirectoryOf(this.wheel.file, reader));
      } finally {
        reader.close();
      }
    }
    this.#dispatch(Number.POSITIVE_INFINITY);
    await this.#idle();
    if (this.#fault !== undefined) throw this.#fault;
    const tree = this.#tree;
    if (!tree) throw new Error('no tree was begun');
    const job: LayersJob = { kind: 'settle', root: tree.path, wheel: this.wheel, storedPath: path };
    await this.#pool.run(job, { weight: SETTLE_WEIGHT });
    this.#tree = undefined;
    const target = await tree.commit();
    this.#close();
    return target;
  }

  async #plan(directory: WheelDirectory): Promise<void> {
    const steps = installPlan(directory, environmentPaths(this.wheel)).filter(({ kind }) => kind === 'copy');
    const starts = [...directory.entries.map(({ headerOffset }) => headerOffset), directory.start].sort(
      (a, b) => a - b,
    );
    const ends = new Map(starts.map((start, index) => [start, starts[index + 1] ?? directory.start]));
    this.#tree ??= await newTree(this.#home, wheelKey(this.wheel));
    const folders = new Set<string>();
    for (const { path } of steps)
      for (let folder = parentOf(path); folder !== '' && !folders.has(folder); folder = parentOf(folder))
        folders.add(folder);
    for (const folder of [...folders].sort((a, b) => a.length - b.length))
      makeFolder(`${this.#tree.path}/${folder}`, 0o755);
    this.#pending = steps
      .map((step) => Object.assign(step, { end: ends.get(step.entry.headerOffset) ?? directory.start }))
      .sort((a, b) => a.end - b.end);
  }

  #dispatch(available: number): void {
    const pending = this.#pending;
    if (!pending) return;
    let count = 0;
    while (count < pending.length && (pending[count]?.end ?? 0) <= available) count += 1;
    let batch: PendingStep[] = [];
    let bytes = 0;
    for (const step of pending.splice(0, count)) {
      if (batch.length > 0 && (bytes + step.entry.size > BATCH_BYTES || batch.length === BATCH_ENTRIES)) {
        this.#send(batch, bytes);
        batch = [];
        bytes = 0;
      }
      batch.push(step);
      bytes += step.entry.size;
    }
    if (batch.length > 0) this.#send(batch, bytes);
  }

  #send(entries: PendingStep[], weight: number): void {
    if (this.#fd === undefined || !this.#tree) return;
    const job: LayersJob = {
      kind: 'unpack',
      fd: this.#fd,
      wheel: this.wheel.file,
      root: this.#tree.path,
      entries,
    };
    const compressed = entries.reduce((sum, { entry }) => sum + entry.compressedSize, 0);
    const work = this.#pool.run<void>(job, { weight }).then(
      () => this.#progress(compressed),
      (error: unknown) => {
        this.#fault ??= error;
      },
    );
    this.#running.push(work);
  }

  #progress(bytes: number): void {
    this.#advanced += bytes;
    if (bytes !== 0) this.#advance(bytes);
  }

  async #idle(): Promise<void> {
    await Promise.all(this.#running);
    this.#running = [];
  }

  async #startOver(): Promise<void> {
    await this.#idle();
    this.#close();
    const tree = this.#tree;
    this.#tree = undefined;
    this.#fault = undefined;
    this.#progress(-this.#advanced);
    await tree?.discard();
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#pending = undefined;
  }
}
