import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { RigError, errnoOf, messageOf } from '../kernel/index.ts';
import { Refusal, diskFailure } from './failures.ts';
import { type Http, type HttpAnswer, connectionFailure } from './http.ts';
import { type Location, redactUrl } from './location.ts';
import type { PartFile } from './partFile.ts';
import { isPassing } from './retry.ts';

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

/** What is known of one place after its first answer. */
export interface Place {
  location: Location;
  /** Undefined until the first range request. */
  servesRanges?: boolean;
  /** Ask for whole files only. */
  plain?: boolean;
  /** A strong validator: later requests insist on the same content. */
  etag?: string;
}

export interface StreamOptions {
  http: Http;
  part: PartFile;
  label: string;
  signal: AbortSignal;
  /** Bytes a second below which a transfer counts as stalled, over `window` milliseconds. */
  slowest: { rate: number; window: number };
  onBytes(count: number): void;
}

const BLOCK = 1 << 20;

/**
 * Fetches one stretch from one place and writes it where it belongs. `stretch.pos` tells how far it came, also after an error.
 * Throws Refusal when asking again is useless, otherwise what went wrong on the way.
 */
export async function streamStretch(place: Place, stretch: Stretch, options: StreamOptions): Promise<void> {
  if (place.location.url.startsWith('file:')) return copyStretch(place.location.url, stretch, options);
  const partial = stretch.pos > 0 || stretch.end < options.part.size;
  const answer = await options.http.get(place.location, {
    signal: options.signal,
    headers: partial
      ? {
          range: `bytes=${stretch.pos}-${stretch.end - 1}`,
          ...(place.etag && { 'if-range': place.etag }),
        }
      : {},
  });
  try {
    await judge(answer, place, stretch, options);
    await pump(answer.body, stretch, options);
  } catch (error) {
    throw inWords(error, place.location.url);
  } finally {
    answer.body.destroy();
  }
}

async function judge(
  answer: HttpAnswer,
  place: Place,
  stretch: Stretch,
  options: StreamOptions,
): Promise<void> {
  const { part, label } = options;
  const at = redactUrl(place.location.url);
  const { status, headers } = answer;
  if (status !== 200 && status !== 206) {
    const words = `${at} answered ${status}`;
    if (isPassing(status)) throw Object.assign(new Error(words), { headers });
    throw new Refusal(status === 416 ? `${words}: it has fewer bytes than ${part.size}` : words);
  }
  const type = headers['content-type'] ?? '';
  if (/^text\/html\b/i.test(type) && !/[.]html?$/.test(label))
    throw new Refusal(`${at} answered with a web page (${type})`);
  if (headers['content-encoding'] && headers['content-encoding'] !== 'identity')
    throw new Refusal(`${at} answered with ${headers['content-encoding']}-encoded content`);
  const etag = headers['etag'];
  if (etag && !etag.startsWith('W/')) place.etag = etag;
  if (status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
    if (range?.[3] && range[3] !== '*' && Number(range[3]) !== part.size)
      throw wrongSize(at, part.size, Number(range[3]));
    if (!range || Number(range[1]) !== stretch.pos || Number(range[2]) < stretch.pos)
      throw new Refusal(`${at} answered with another range (${headers['content-range'] ?? 'none'})`);
    place.servesRanges = true;
    return;
  }
  if (stretch.pos === 0 && headers['accept-ranges'] === 'bytes' && !place.plain) place.servesRanges = true;
  const length = headers['content-length'];
  if (length !== undefined && Number(length) !== part.size) throw wrongSize(at, part.size, Number(length));
  if (stretch.pos > 0 || stretch.end < part.size) {
    place.servesRanges = false;
    if (stretch.pos > 0) throw new WholeOnly(`${at} does not serve ranges`);
  }
}

/** What undici says of a broken transfer, in words and with the address. */
function inWords(error: unknown, url: string): unknown {
  return (errnoOf(error) ?? '').startsWith('UND_ERR') || errnoOf(error) === 'ECONNRESET'
    ? connectionFailure(url, error)
    : error;
}

/** The place sends whole files only, and a later part was asked for. */
export class WholeOnly extends Error {}

function wrongSize(at: string, wanted: number, got: number): Refusal {
  return new Refusal(`${at} has ${got} bytes, but ${wanted} were expected`, { isMismatch: true });
}

/** Moves bytes from a connection to the disk in blocks of 1 MiB: one is filled while the other is written. */
async function pump(body: AsyncIterable<Buffer>, stretch: Stretch, options: StreamOptions): Promise<void> {
  const sink = new BlockSink(stretch, options);
  const asked = stretch.end;
  let window = Date.now();
  let windowBytes = 0;
  try {
    for await (const chunk of body) {
      const taken = await sink.take(chunk);
      windowBytes += chunk.length;
      const passed = Date.now() - window;
      if (passed >= options.slowest.window) {
        if ((windowBytes * 1000) / passed < options.slowest.rate)
          throw new Error(`the transfer stalled: ${windowBytes} bytes in ${Math.round(passed / 1000)} s`);
        window = Date.now();
        windowBytes = 0;
      }
      // read to the natural end, so that the connection can be used again
      if (taken < chunk.length || (stretch.end < asked && sink.full)) break;
    }
  } finally {
    await sink.flush();
  }
  if (!sink.full) throw new Error(`the connection ended ${stretch.end - stretch.pos} bytes early`);
}

class BlockSink {
  readonly #stretch: Stretch;
  readonly #options: StreamOptions;
  #block = Buffer.allocUnsafe(BLOCK);
  #spare = Buffer.allocUnsafe(BLOCK);
  #filled = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(stretch: Stretch, options: StreamOptions) {
    this.#stretch = stretch;
    this.#options = options;
  }

  get full(): boolean {
    return this.#stretch.pos + this.#filled >= this.#stretch.end;
  }

  /** Returns how many bytes belonged to the stretch. */
  async take(chunk: Buffer): Promise<number> {
    let rest = chunk;
    while (rest.length > 0 && !this.full) {
      const room = Math.min(BLOCK - this.#filled, this.#stretch.end - this.#stretch.pos - this.#filled);
      const count = Math.min(room, rest.length);
      rest.copy(this.#block, this.#filled, 0, count);
      this.#filled += count;
      rest = rest.subarray(count);
      if (this.#filled === BLOCK) await this.#write();
    }
    return chunk.length - rest.length;
  }

  async flush(): Promise<void> {
    if (this.#filled > 0) await this.#write();
    await this.#writing;
  }

  async #write(): Promise<void> {
    await this.#writing;
    const count = Math.min(this.#filled, Math.max(0, this.#stretch.end - this.#stretch.pos));
    const block = this.#block.subarray(0, count);
    const at = this.#stretch.pos;
    [this.#block, this.#spare] = [this.#spare, this.#block];
    this.#filled = 0;
    this.#stretch.pos += count;
    this.#writing = this.#put(at, block);
    this.#writing.catch(() => {});
  }

  async #put(at: number, block: Buffer): Promise<void> {
    try {
      await this.#options.part.write(at, block);
    } catch (error) {
      throw diskFailure(error, this.#options.part.path);
    }
    this.#stretch.written = at + block.length;
    this.#options.onBytes(block.length);
  }
}

/** A find-links folder or a local index: the same as a download. */
async function copyStretch(url: string, stretch: Stretch, options: StreamOptions): Promise<void> {
  const path = fileURLToPath(url);
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw new Refusal(`${path}: ${messageOf(error)}`);
  });
  try {
    const { size } = await handle.stat();
    if (size !== options.part.size) throw wrongSize(path, options.part.size, size);
    const read = async function* (): AsyncGenerator<Buffer> {
      const block = Buffer.allocUnsafe(BLOCK);
      for (let at = stretch.pos; at < stretch.end;) {
        options.signal.throwIfAborted();
        const { bytesRead } = await handle.read(block, 0, BLOCK, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield block.subarray(0, bytesRead);
      }
    };
    await pump(read(), stretch, options);
  } finally {
    await handle.close();
  }
}

/** Errors that end the whole fetch instead of one try: the disk's, and interruption. */
export function isFatal(error: unknown): boolean {
  return error instanceof RigError && (error.code === 'RIG-STORE-004' || error.code === 'RIG-STORE-005');
}
