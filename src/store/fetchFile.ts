import { type RigError, messageOf } from '../kernel/index.ts';
import { Refusal, mismatch, notFetched } from './failures.ts';
import type { Http } from './http.ts';
import type { Location } from './location.ts';
import type { PartFile } from './partFile.ts';
import { delay, isPassing, retryAfter, triesFor } from './retry.ts';
import type { Slots } from './slots.ts';
import { type Stretch, stretch } from './pump.ts';
import { type Place, type StreamOptions, WholeOnly, isFatal, streamStretch } from './transfer.ts';
import type { StoreWatch, WantedFile } from './wanted.ts';

/** Settings of all downloads of a store. */
export interface Tuning {
  /** Tries in a row without a new byte before a place is given up. */
  tries: number;
  /** Milliseconds before the second try; doubles. */
  pause: number;
  slowest: { rate: number; window: number };
  /** A stretch shorter than twice this is not split among connections. */
  splitFrom: number;
}

export const DEFAULT_TUNING: Tuning = {
  tries: 5,
  pause: 500,
  slowest: { rate: 1024, window: 60_000 },
  splitFrom: 24 << 20,
};

const PREFIX_STEP = 4 << 20;

/** One file on its way: from its places into a part file, until the hash is right. */
export class FileFetch {
  readonly file: WantedFile;
  readonly #part: PartFile;
  readonly #http: Http;
  readonly #tuning: Tuning;
  readonly #watch: StoreWatch;
  readonly #signal: AbortSignal;
  readonly #onBytes: (count: number) => void;
  readonly #onStep: () => void;
  readonly #active = new Set<Stretch>();
  readonly #helpers = new Set<Promise<void>>();
  #place: Place | undefined;
  #received: number;
  #told = 0;
  #inPieces = false;

  constructor(options: {
    file: WantedFile;
    part: PartFile;
    http: Http;
    tuning: Tuning;
    watch: StoreWatch;
    signal: AbortSignal;
    /** Negative when bytes turned out to be worthless. */
    onBytes: (count: number) => void;
    /** Called every few MiB: a moment to share out idle connections. */
    onStep: () => void;
  }) {
    this.file = options.file;
    this.#part = options.part;
    this.#http = options.http;
    this.#tuning = options.tuning;
    this.#watch = options.watch;
    this.#signal = options.signal;
    this.#onBytes = options.onBytes;
    this.#onStep = options.onStep;
    this.#received = options.part.received;
  }

  /** Tries the places in turn. Throws RIG-STORE-002 or -003, naming the file, when none gives the right bytes. */
  async run(places: readonly Location[]): Promise<void> {
    const tried: string[] = [];
    let wrong: RigError | undefined;
    let gone = places.length > 0;
    for (const location of places) {
      const place: Place = { location };
      for (;;) {
        const isFresh = this.#received === 0;
        const failed = await this.#fill(place);
        if (failed) {
          tried.push(messageOf(failed));
          gone &&= failed instanceof Refusal && failed.isGone;
          if (failed instanceof Refusal && failed.isMismatch)
            wrong = mismatch(
              this.file.label,
              'size',
              String(this.file.size),
              /has (\d+) bytes/.exec(failed.message)?.[1] ?? 'another',
            );
          break;
        }
        const got = await this.#part.digest();
        if (got === this.file.sha256) return;
        wrong = mismatch(this.file.label, 'sha256', this.file.sha256, got);
        await this.#startOver();
        // pieces from different times or requests get a second chance as one whole stream
        if (place.plain || (isFresh && !this.#inPieces)) break;
        place.plain = true;
      }
    }
    throw wrong ?? notFetched(this.file.label, tried, gone);
  }

  /** Bytes that an idle connection could take over; 0 when it could not. */
  get spare(): number {
    const far = this.#farthest();
    if (!far || !this.#place?.servesRanges) return 0;
    const left = far.end - far.pos;
    return left < 2 * this.#tuning.splitFrom ? 0 : left;
  }

  /** Lets the calling connection fetch the far half of the largest stretch under way. Never fails: what it does not manage stays a hole. */
  help(): Promise<void> | undefined {
    const far = this.#farthest();
    const place = this.#place;
    if (!far || !place || this.spare === 0) return undefined;
    const middle = far.pos + Math.ceil((far.end - far.pos) / 2);
    const half = stretch(middle, far.end);
    far.end = middle;
    const work = this.#stream(place, half)
      .catch(() => {
        place.servesRanges = false;
      })
      .finally(() => this.#helpers.delete(work));
    this.#helpers.add(work);
    return work;
  }

  #farthest(): Stretch | undefined {
    let far: Stretch | undefined;
    for (const one of this.#active) if (!far || one.end - one.pos > far.end - far.pos) far = one;
    return far;
  }

  /** Fills all holes from one place. Returns what made it give up. */
  async #fill(place: Place): Promise<Error | undefined> {
    this.#place = place;
    let failures = 0;
    await this.#fetchTail(place);
    for (;;) {
      const hole = this.#nextHole();
      if (!hole) {
        if (this.#part.complete) return undefined;
        await Promise.race(this.#helpers);
        continue;
      }
      const before = this.#part.received;
      try {
        await this.#stream(place, hole);
      } catch (error) {
        this.#signal.throwIfAborted();
        if (isFatal(error)) throw error;
        await Promise.all(this.#helpers);
        if (error instanceof WholeOnly) {
          await this.#startOver();
          continue;
        }
        if (error instanceof Refusal || !isPassing(error)) return error as Error;
        // where each try begins at byte 0 again, new bytes are no progress
        const isFurther = this.#part.received > before && place.servesRanges !== false;
        failures = isFurther ? 1 : failures + 1;
        if (failures >= triesFor(error, this.#tuning.tries)) return error as Error;
        const asked = retryAfter((error as { headers?: Record<string, string> }).headers ?? {});
        await delay(asked ?? this.#tuning.pause * 2 ** (failures - 1), this.#signal);
      }
    }
  }

  /** The zip directory of a wheel is at its end: with it, a reader can begin before the rest is here. */
  async #fetchTail(place: Place): Promise<void> {
    const { size } = this.file;
    const { tailBytes = 0, tailFrom = 16 << 20 } = this.#watch;
    if (place.plain || !tailBytes || !this.#watch.onTail || size < tailFrom || size <= tailBytes) return;
    const start = size - tailBytes;
    const holes = this.#part.missing();
    const isThere = !holes.some((hole) => hole.end > start);
    if (!isThere) {
      const hole = holes.at(-1);
      if (!hole || hole.start > start || hole.end !== size) return;
      try {
        await this.#stream(place, stretch(start, size));
      } catch (error) {
        this.#signal.throwIfAborted();
        if (isFatal(error)) throw error;
        // the rest of the file will show what is wrong
        return;
      }
    }
    this.#watch.onTail(this.file.sha256, this.#part.path, start);
  }

  #nextHole(): Stretch | undefined {
    for (const hole of this.#part.missing()) {
      let start = hole.start;
      let end = hole.end;
      for (const busy of [...this.#active].sort((a, b) => a.pos - b.pos)) {
        if (busy.end <= start || busy.written >= end) continue;
        if (busy.written > start) end = busy.written;
        else start = busy.end;
      }
      if (start < end) return stretch(start, end);
    }
    return undefined;
  }

  async #stream(place: Place, work: Stretch): Promise<void> {
    this.#active.add(work);
    this.#inPieces ||= work.end - work.pos < this.file.size;
    const options: StreamOptions = {
      http: this.#http,
      part: this.#part,
      label: this.file.label,
      signal: this.#signal,
      slowest: this.#tuning.slowest,
      onBytes: (count) => {
        this.#received += count;
        this.#onBytes(count);
        this.#tellPrefix();
      },
    };
    try {
      await streamStretch(place, work, options);
    } finally {
      this.#active.delete(work);
    }
  }

  #tellPrefix(): void {
    const { prefix, path, size } = this.#part;
    if (prefix - this.#told < PREFIX_STEP && prefix !== size) return;
    if (prefix === this.#told) return;
    this.#told = prefix;
    this.#onStep();
    this.#watch.onPrefix?.(this.file.sha256, path, prefix);
  }

  async #startOver(): Promise<void> {
    this.#onBytes(-this.#received);
    this.#received = 0;
    this.#told = 0;
    this.#inPieces = false;
    await this.#part.restart();
    this.#watch.onRestart?.(this.file.sha256);
  }
}

/** Gives idle connections to the files that would otherwise finish last. */
export function shareIdle(slots: Slots, running: ReadonlySet<FileFetch>): void {
  for (;;) {
    let slowest: FileFetch | undefined;
    for (const fetch of running) if (fetch.spare > (slowest?.spare ?? 0)) slowest = fetch;
    if (!slowest || !slots.tryTake()) return;
    const work = slowest.help();
    if (!work) {
      slots.release();
      return;
    }
    void work.finally(() => slots.release());
  }
}
