import { setMaxListeners } from 'node:events';
import { stat } from 'node:fs/promises';
import type { Progress } from '../kernel/index.ts';
import { type Claim, claimDownload, partialBytes } from './claims.ts';
import { notFetched, wantedOf } from './failures.ts';
import { FileFetch, type Tuning, shareIdle } from './fetchFile.ts';
import type { Http } from './http.ts';
import type { Location } from './location.ts';
import { PartFile } from './partFile.ts';
import { Slots } from './slots.ts';
import type { FetchOptions, FetchResult, WantedFile } from './wanted.ts';

/** What fetchAll needs of the store it fills. */
export interface FetchContext extends FetchOptions {
  progress: Progress;
  http: Http;
  /** Folder of claims and parts. */
  partial: string;
  tuning: Tuning;
  has(sha256: string, size?: number): Promise<boolean>;
  /** Gives a verified file its final name. */
  place(temporary: string, sha256: string): Promise<void>;
  pathOf(sha256: string): string;
  /** Throws when fewer bytes are free. */
  checkSpace(needed: number): Promise<void>;
}

/** How many addresses are looked up at once, ahead of the downloads. */
const LOOKUPS = 16;
/** Free space that is left for everything else on the disk. */
const MARGIN = 64 << 20;

/** Fetches files that were not there a moment ago. The first failure stops the others and is thrown. */
export async function fetchAll(files: readonly WantedFile[], context: FetchContext): Promise<FetchResult> {
  const queue = [...files].sort((a, b) => b.size - a.size);
  const total = queue.reduce((sum, file) => sum + file.size, 0);
  const begun = await partialBytes(context.partial, new Set(files.map((file) => file.sha256)));
  await context.checkSpace(total - begun + MARGIN);
  const stop = new AbortController();
  // every request listens to it
  setMaxListeners(0, stop.signal);
  const onAbort = (): void => stop.abort(context.signal?.reason);
  context.signal?.throwIfAborted();
  context.signal?.addEventListener('abort', onAbort, { once: true });
  const task = context.task ?? 'fetch';
  const label = `fetching ${files.length === 1 ? files[0]?.label : `${files.length} files`}`;
  context.progress({ kind: 'task', task, label, unit: 'bytes', total });
  const batch: Batch = {
    context,
    task,
    signal: stop.signal,
    slots: new Slots(context.connections ?? 8),
    lookups: new Slots(LOOKUPS),
    running: new Set(),
    result: { bytesFetched: 0, filesFetched: 0 },
  };
  batch.slots.onIdle = () => shareIdle(batch.slots, batch.running);
  try {
    const work = queue.map((file) =>
      fetchOne(file, batch).catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    );
    const ends = await Promise.allSettled(work);
    if (stop.signal.aborted) throw stop.signal.reason;
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    context.progress({ kind: 'done', task });
    return batch.result;
  } finally {
    context.signal?.removeEventListener('abort', onAbort);
  }
}

interface Batch {
  context: FetchContext;
  task: string;
  signal: AbortSignal;
  slots: Slots;
  lookups: Slots;
  running: Set<FileFetch>;
  result: FetchResult;
}

async function fetchOne(file: WantedFile, batch: Batch): Promise<void> {
  const { context, signal } = batch;
  const places = await within(batch.lookups, signal, () => file.locate()).catch((error: unknown) => {
    throw wantedOf(error, file.label);
  });
  if (places.length === 0) throw notFetched(file.label, []);
  const claim = await claimDownload(context.partial, file.sha256, {
    isThere: () => context.has(file.sha256, file.size),
    signal,
    onWait: () =>
      context.progress({
        kind: 'note',
        level: 'info',
        text: `another rig is fetching ${file.label}: waiting for it`,
      }),
  });
  if (claim) await download(file, { batch, claim, places });
  else context.progress({ kind: 'advance', task: batch.task, by: file.size });
  context.watch?.onStored?.(file.sha256, context.pathOf(file.sha256));
}

async function download(
  file: WantedFile,
  given: { batch: Batch; claim: Claim; places: readonly Location[] },
): Promise<void> {
  const { batch, claim, places } = given;
  const { context, signal } = batch;
  await batch.slots.take(file.size);
  let part: PartFile | undefined;
  let keep = true;
  try {
    signal.throwIfAborted();
    part = await PartFile.open(claim.folder, file.size);
    const resumed = part.received;
    if (resumed > 0) context.progress({ kind: 'advance', task: batch.task, by: resumed });
    const fetch = new FileFetch({
      file,
      part,
      http: context.http,
      tuning: context.tuning,
      watch: context.watch ?? {},
      signal,
      onBytes: (by) => {
        context.progress({ kind: 'advance', task: batch.task, by });
        if (by > 0) batch.result.bytesFetched += by;
      },
      onStep: () => shareIdle(batch.slots, batch.running),
    });
    batch.running.add(fetch);
    try {
      await fetch.run(places);
    } finally {
      batch.running.delete(fetch);
    }
    const { size } = await stat(part.path);
    if (size !== file.size) throw notFetched(file.label, [`${size} bytes on disk instead of ${file.size}`]);
    await context.place(part.path, file.sha256);
    keep = false;
    batch.result.filesFetched += 1;
  } finally {
    await part?.close({ keep });
    batch.slots.release();
    await claim.release();
  }
}

async function within<T>(slots: Slots, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  await slots.take();
  try {
    signal.throwIfAborted();
    return await work();
  } finally {
    slots.release();
  }
}
