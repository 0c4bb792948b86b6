import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../kernel/index.ts';
import type { LogOptions } from './engine.ts';

const CHUNK = 64 * 1024;
const PAUSE_MS = 150;

/** The log from its beginning, or its last lines; with `follow` what comes, until `alive` says that nothing more will. */
export async function* logStream(
  path: string,
  alive: () => Promise<boolean>,
  options: LogOptions = {},
): AsyncGenerator<Buffer> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    let offset = options.tail === undefined ? 0 : await tailOffset(handle, options.tail);
    let lastCut = await cutAt(path);
    for (;;) {
      const running = options.follow === true && (await alive());
      const { size } = await handle.stat();
      const cut = await cutAt(path);
      if (size < offset || cut !== lastCut) offset = 0;
      lastCut = cut;
      for (;;) {
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, offset);
        if (bytesRead === 0) break;
        offset += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
      if (!running || options.signal?.aborted) return;
      await sleep(PAUSE_MS, undefined, { signal: options.signal }).catch(() => {});
    }
  } finally {
    await handle.close();
  }
}

/** When the supervisor last cut the log: it keeps the older part beside it. */
async function cutAt(path: string): Promise<number> {
  return stat(`${path}.1`).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** Where the last `lines` lines begin. */
async function tailOffset(handle: FileHandle, lines: number): Promise<number> {
  const { size } = await handle.stat();
  if (lines <= 0) return size;
  let found = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK);
    const { buffer } = await handle.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
    for (let at = end - start - 1; at >= 0; at -= 1) {
      // the line break that ends the file begins no line
      if (buffer[at] !== 0x0a || start + at === size - 1) continue;
      found += 1;
      if (found === lines) return start + at + 1;
    }
    end = start;
  }
  return 0;
}
