import type { Readable } from 'node:stream';
import { diskFailure } from './failures.ts';
import type { PartFile } from './partFile.ts';

/** A stretch of a file that one connection is working on; another may take its far half by lowering `end`. */
export interface Stretch {
  /** Where the next arriving byte belongs. */
  pos: number;
  /** All before it is on disk. */
  written: number;
  end: number;
}

export function stretch(start: number, end: number): Stretch {
  return { pos: start, written: start, end };
}

export interface PumpOptions {
  part: PartFile;
  /** Bytes a second below which a transfer counts as stalled, over `window` milliseconds. */
  slowest: { rate: number; window: number };
  onBytes(count: number): void;
}

const BLOCK = 1 << 20;

/**
 * Moves bytes from a connection to the disk in blocks of 1 MiB: one is filled while the other is written. Ends when the stretch, which
 * may become shorter meanwhile, is full. Throws when the bytes end early or come too slowly; what came is written in any case.
 */
export async function pump(body: Readable, stretch: Stretch, options: PumpOptions): Promise<void> {
  const sink = new BlockSink(stretch, options);
  const asked = stretch.end;
  const rate = new RateWatch(options.slowest);
  try {
    // events, not `for await`: a download arrives in chunks of 16 KB, and an await for each costs as much as decrypting it
    await new Promise<void>((done, fail) => {
      body.on('data', (chunk: Buffer) => {
        const waiting = sink.take(chunk);
        // read to the natural end, so that the connection can be used again
        if (sink.surplus || (stretch.end < asked && sink.full)) return done();
        const stall = rate.count(chunk.length);
        if (stall) return fail(stall);
        if (!waiting) return;
        body.pause();
        waiting.then(() => body.resume(), fail);
      });
      body.once('end', done);
      body.once('error', fail);
      body.once('close', done);
    });
  } finally {
    body.pause();
    await sink.flush();
  }
  if (!sink.full) throw new Error(`the connection ended ${stretch.end - stretch.pos} bytes early`);
}

/** Tells when bytes come too slowly. */
class RateWatch {
  readonly #slowest: { rate: number; window: number };
  #since = Date.now();
  #bytes = 0;
  #calls = 0;

  constructor(slowest: { rate: number; window: number }) {
    this.#slowest = slowest;
  }

  count(bytes: number): Error | undefined {
    this.#bytes += bytes;
    // the clock costs more than the counting, and slow transfers have few chunks
    this.#calls += 1;
    if (this.#bytes > 1 << 20 && this.#calls % 64 !== 0) return undefined;
    const passed = Date.now() - this.#since;
    if (passed < this.#slowest.window) return undefined;
    if ((this.#bytes * 1000) / passed < this.#slowest.rate)
      return new Error(`the transfer stalled: ${this.#bytes} bytes in ${(passed / 1000).toFixed(1)} s`);
    this.#since = Date.now();
    this.#bytes = 0;
    return undefined;
  }
}

class BlockSink {
  readonly #stretch: Stretch;
  readonly #options: PumpOptions;
  readonly #blockSize: number;
  #block: Buffer | undefined;
  #spare: Buffer | undefined;
  #filled = 0;
  #writing: Promise<void> | undefined;
  /** More bytes came than belong to the stretch. */
  surplus = false;

  constructor(stretch: Stretch, options: PumpOptions) {
    this.#stretch = stretch;
    this.#options = options;
    this.#blockSize = Math.min(BLOCK, stretch.end - stretch.pos);
  }

  get full(): boolean {
    return this.#stretch.pos + this.#filled >= this.#stretch.end;
  }

  /** Takes a chunk; a promise means: no more until it is fulfilled. */
  take(chunk: Buffer): Promise<void> | undefined {
    let at = 0;
    while (at < chunk.length) {
      const left = this.#stretch.end - this.#stretch.pos - this.#filled;
      if (left <= 0) {
        this.surplus = true;
        return undefined;
      }
      this.#block ??= Buffer.allocUnsafe(this.#blockSize);
      const count = Math.min(this.#blockSize - this.#filled, left, chunk.length - at);
      chunk.copy(this.#block, this.#filled, at, at + count);
      this.#filled += count;
      at += count;
      if (this.#filled < this.#blockSize) continue;
      if (this.#writing) {
        const rest = chunk.subarray(at);
        return this.#writing.then(() => {
          this.#startWrite();
          return this.take(rest);
        });
      }
      this.#startWrite();
    }
    return undefined;
  }

  async flush(): Promise<void> {
    await this.#writing;
    if (this.#filled > 0) this.#startWrite();
    await this.#writing;
  }

  #startWrite(): void {
    const count = Math.min(this.#filled, Math.max(0, this.#stretch.end - this.#stretch.pos));
    const at = this.#stretch.pos;
    const whole = this.#block;
    if (!whole) return;
    // the spare block's write is over: only one is under way at a time
    this.#block = this.#spare;
    this.#spare = whole;
    this.#filled = 0;
    this.#stretch.pos += count;
    const work = this.#put(at, whole.subarray(0, count));
    work.catch(() => {});
    this.#writing = work;
  }

  async #put(at: number, block: Buffer): Promise<void> {
    try {
      await this.#options.part.write(at, block);
    } catch (error) {
      throw diskFailure(error, this.#options.part.path);
    }
    this.#stretch.written = at + block.length;
    this.#writing = undefined;
    this.#options.onBytes(block.length);
  }
}
