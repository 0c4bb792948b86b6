import { mkdir, open, readFile, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../kernel/index.ts';
import { delay } from './retry.ts';
import { type Owner, fateOf, thisProcess } from './owner.ts';

const HEARTBEAT = 10_000;
const SILENT_FOR = 60_000;
const ABANDONED = 3_600_000;

/** The right, by agreement, to download one file. Only saves double work: safety rests on hashes and renames. */
export interface Claim {
  /** A folder for the parts that no other process uses; holds what a dead process left behind. */
  folder: string;
  release(): Promise<void>;
}

/**
 * Waits until this process may download `sha256`, or until `isThere()` says that somebody else has done it (then undefined).
 * A claim of a dead process is taken over together with its parts.
 */
export async function claimDownload(
  partial: string,
  sha256: string,
  options: { isThere(): Promise<boolean>; onWait?(): void; signal?: AbortSignal },
): Promise<Claim | undefined> {
  await mkdir(partial, { recursive: true });
  const path = join(partial, `${sha256}.claim`);
  const me = await thisProcess();
  for (let turn = 0; ; turn += 1) {
    if (await create(path, me)) {
      if (turn > 0 && (await options.isThere())) {
        await rm(path, { force: true });
        return undefined;
      }
      return { folder: await adopt(partial, sha256, me), release: keepAlive(path) };
    }
    if (await options.isThere()) return undefined;
    await dropIfDead(path, me);
    if (turn === 1) options.onWait?.();
    await delay(turn === 0 ? 0 : Math.min(50 * turn, 500), options.signal);
  }
}

async function create(path: string, me: Owner): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    await handle.writeFile(me);
    await handle.close();
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function dropIfDead(path: string, me: Owner): Promise<void> {
  const owner = await readFile(path, 'utf8').catch(() => undefined);
  if (owner === undefined || !(await isGone(owner, path))) return;
  // moved aside first: of two that find it dead only one takes it, and a fresh claim is put back
  const aside = `${path}.${me}`;
  try {
    await rename(path, aside);
    if ((await readFile(aside, 'utf8')) === owner) await rm(aside, { force: true });
    else await rename(aside, path);
  } catch {
    // somebody else was quicker
  }
}

/** A claim being written is empty for a moment; one that stays so is of a process that died there. */
async function isGone(owner: Owner, path: string): Promise<boolean> {
  const fate = owner === '' ? 'elsewhere' : await fateOf(owner);
  if (fate !== 'elsewhere') return fate === 'dead';
  const at = await stat(path).catch(() => undefined);
  return at !== undefined && Date.now() - at.mtimeMs > (owner === '' ? 2000 : SILENT_FOR);
}

/** Makes the parts of a dead process ours by renaming their folder: from then on only we can write there. */
async function adopt(partial: string, sha256: string, me: Owner): Promise<string> {
  const own = join(partial, `${sha256}.part.${me}`);
  for (const name of await readdir(partial)) {
    if (!name.startsWith(`${sha256}.part.`) || join(partial, name) === own) continue;
    if ((await fateOf(name.slice(sha256.length + 6))) !== 'dead') continue;
    await rename(join(partial, name), own).catch(() =>
      rm(join(partial, name), { recursive: true, force: true }),
    );
  }
  return own;
}

function keepAlive(path: string): () => Promise<void> {
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, HEARTBEAT);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await rm(path, { force: true });
  };
}

/** Bytes that parts of these files already occupy on the disk. */
export async function partialBytes(partial: string, files: ReadonlySet<string>): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(partial).catch(() => [] as string[])) {
    if (!name.includes('.part.') || !files.has(name.slice(0, 64))) continue;
    const data = await stat(join(partial, name, 'data')).catch(() => undefined);
    bytes += (data?.blocks ?? 0) * 512;
  }
  return bytes;
}

/** Removes claims and parts of dead processes. Parts of files in `keep` stay, to be resumed. Returns the bytes freed. */
export async function sweepPartial(partial: string, keep: ReadonlySet<string>): Promise<number> {
  const me = await thisProcess();
  let freed = 0;
  for (const name of await readdir(partial).catch(() => [] as string[])) {
    const path = join(partial, name);
    const part = /^([0-9a-f]{64})[.]part[.](.+)$/.exec(name);
    if (part) {
      if (keep.has(part[1] ?? '') || (await fateOf(part[2] ?? '')) !== 'dead') continue;
      const data = await stat(join(path, 'data')).catch(() => undefined);
      freed += (data?.blocks ?? 0) * 512;
      await rm(path, { recursive: true, force: true });
    } else if (name.endsWith('.claim')) await dropIfDead(path, me);
    else if (name.endsWith('.tmp') || name.includes('.claim.')) {
      const left = await stat(path).catch(() => undefined);
      if (left && Date.now() - left.mtimeMs > ABANDONED) await rm(path, { force: true });
    }
  }
  return freed;
}
