import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes from `start` to before `end`. */
export interface Range {
  start: number;
  end: number;
}

interface Journal {
  size: number;
  done: [number, number][];
}

const JOURNAL_EVERY = 32 << 20;
const READ_BLOCK = 1 << 20;

/**
 * A file that arrives in pieces, in a folder of its own: `data` has every byte at its place, `journal.json` says which are there.
 * The hash is taken in order: from the arriving bytes where they continue the hashed prefix, else read back from the page cache.
 */
export class PartFile {
  readonly path: string;
  readonly size: number;
  readonly #folder: string;
  readonly #handle: FileHandle;
  #done: Range[];
  #hash: Hash = createHash('sha256');
  #hashed = 0;
  #chase: Promise<void> | undefined;
  #unjournaled = 0;
  #journaling: Promise<void> = Promise.resolve();

  private constructor(folder: string, size: number, handle: FileHandle, done: Range[]) {
    this.#folder = folder;
    this.path = join(folder, 'data');
    this.size = size;
    this.#handle = handle;
    this.#done = done;
  }

  /** Opens or begins the file in `folder`; what an earlier process really wrote is kept. */
  static async open(folder: string, size: number): Promise<PartFile> {
    await mkdir(folder, { recursive: true });
    const journal = await readJournal(folder, size);
    const handle = await open(join(folder, 'data'), journal ? 'r+' : 'w+').catch(() => undefined);
    if (handle) {
      const { size: there } = await handle.stat();
      const done = (journal?.done ?? [])
        .map(([start, end]) => ({ start, end: Math.min(end, there) }))
        .filter((range) => range.end > range.start);
      const part = new PartFile(folder, size, handle, done);
      if (part.prefix > 0) part.#startChase();
      return part;
    }
    return new PartFile(folder, size, await open(join(folder, 'data'), 'w+'), []);
  }

  /** Contiguous bytes from 0 that are on disk. */
  get prefix(): number {
    const first = this.#done[0];
    return first?.start === 0 ? first.end : 0;
  }

  get received(): number {
    return this.#done.reduce((sum, range) => sum + range.end - range.start, 0);
  }

  get complete(): boolean {
    return this.prefix === this.size;
  }

  /** The holes, in order. */
  missing(): Range[] {
    const holes: Range[] = [];
    let at = 0;
    for (const range of this.#done) {
      if (range.start > at) holes.push({ start: at, end: range.start });
      at = range.end;
    }
    if (at < this.size) holes.push({ start: at, end: this.size });
    return holes;
  }

  /** Puts bytes at their place. They must lie in a hole; `bytes` may be reused once the promise is fulfilled. */
  async write(at: number, bytes: Uint8Array): Promise<void> {
    if (at === this.#hashed && !this.#chase) {
      this.#hash.update(bytes);
      this.#hashed += bytes.length;
    }
    for (let offset = 0; offset < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, offset, bytes.length - offset, at + offset);
      offset += bytesWritten;
    }
    this.#done = insert(this.#done, { start: at, end: at + bytes.length });
    this.#unjournaled += bytes.length;
    if (this.#unjournaled >= JOURNAL_EVERY) await this.#writeJournal();
    if (this.#hashed < this.prefix) this.#startChase();
  }

  /** sha256 of the whole file, which must be complete. */
  async digest(): Promise<string> {
    while (this.#hashed < this.size) {
      this.#startChase();
      await this.#chase;
    }
    return this.#hash.digest('hex');
  }

  /** Forgets everything: the next bytes start at 0. No write may be under way. */
  async restart(): Promise<void> {
    await this.#chase;
    this.#hash = createHash('sha256');
    this.#hashed = 0;
    this.#done = [];
    await this.#handle.truncate(0);
    await this.#writeJournal();
  }

  /** Closes the file; with `keep`, what came so far can be taken up again. */
  async close(options: { keep: boolean }): Promise<void> {
    await this.#chase?.catch(() => {});
    if (options.keep && this.received > 0) await this.#writeJournal().catch(() => {});
    await this.#handle.close();
    if (!options.keep || this.received === 0) await rm(this.#folder, { recursive: true, force: true });
  }

  #startChase(): void {
    this.#chase ??= this.#readBack().finally(() => (this.#chase = undefined));
    this.#chase.catch(() => {});
  }

  async #readBack(): Promise<void> {
    const block = Buffer.allocUnsafe(READ_BLOCK);
    while (this.#hashed < this.prefix) {
      const wanted = Math.min(READ_BLOCK, this.prefix - this.#hashed);
      const { bytesRead } = await this.#handle.read(block, 0, wanted, this.#hashed);
      if (bytesRead === 0) throw new Error(`${this.path} became shorter while it was being written`);
      this.#hash.update(block.subarray(0, bytesRead));
      this.#hashed += bytesRead;
    }
  }

  /** Written after the bytes it speaks of, one at a time, so that a kill -9 leaves a true one. */
  #writeJournal(): Promise<void> {
    this.#unjournaled = 0;
    const write = async (): Promise<void> => {
      const journal: Journal = { size: this.size, done: this.#done.map((range) => [range.start, range.end]) };
      const path = join(this.#folder, 'journal.json');
      await writeFile(`${path}.new`, JSON.stringify(journal));
      await rename(`${path}.new`, path);
    };
    this.#journaling = this.#journaling.then(write, write);
    return this.#journaling;
  }
}

async function readJournal(folder: string, size: number): Promise<Journal | undefined> {
  try {
    const journal = JSON.parse(await readFile(join(folder, 'journal.json'), 'utf8')) as Journal;
    const sound =
      journal.size === size &&
      journal.done.every(
        ([start, end], i) => start >= (journal.done[i - 1]?.[1] ?? 0) && end <= size && start <= end,
      );
    return sound ? journal : undefined;
  } catch {
    return undefined;
  }
}

/** Adds a range to a sorted list of disjoint ranges, joining neighbours. */
function insert(ranges: readonly Range[], added: Range): Range[] {
  const out: Range[] = [];
  let { start, end } = added;
  for (const range of ranges) {
    if (range.end < start || range.start > end) out.push(range);
    else {
      start = Math.min(start, range.start);
      end = Math.max(end, range.end);
    }
  }
  out.push({ start, end });
  return out.sort((a, b) => a.start - b.start);
}
