import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type HomeLayout, sha256File, sha256Hex, silent, temporaryName } from '../kernel/index.ts';
import { sweepPartial } from './claims.ts';
import { diskFailure, noSpace } from './failures.ts';
import { fetchAll } from './fetchAll.ts';
import { DEFAULT_TUNING, type Tuning } from './fetchFile.ts';
import { type Http, createHttp } from './http.ts';
import { bootTime, isSealed, isTrustworthy, seal, sealFiles } from './sealing.ts';
import type { FetchOptions, FetchResult, WantedFile } from './wanted.ts';

/** Verified files by content, below HomeLayout.files. Safe for any number of processes at once. */
export interface Store {
  /** Where the file with this hash lies or would lie. */
  path(sha256: string): string;
  /** Is it here, with this size if given? Quick: content is hashed again only where a crash may have damaged it. */
  has(sha256: string, size?: number): Promise<boolean>;
  /** Copies a file into the store and returns its sha256 and size. */
  add(file: string): Promise<{ sha256: string; size: number }>;
  /** Stores bytes and returns their sha256. */
  addBytes(bytes: Uint8Array): Promise<string>;
  /** Hashes a stored file again. A wrong one is removed, so that the next fetch brings it back; false for wrong or missing. */
  verify(sha256: string): Promise<boolean>;
  /**
   * Brings every file that is missing, several at once, largest first; returns when all are verified and in place.
   * Throws RIG-STORE-001..007; what arrived stays, and the same call goes on from there.
   */
  fetch(files: readonly WantedFile[], options?: FetchOptions): Promise<FetchResult>;
  /** All stored files. */
  list(): Promise<{ sha256: string; size: number }[]>;
  /** Removes files that are not in `keep`, and what dead processes left. Callers make sure that nobody is about to use them. */
  gc(keep: ReadonlySet<string>): Promise<{ removed: number; bytes: number }>;
  /** Flushes what was fetched to the disk, at leisure: otherwise files from before a reboot are hashed once more. */
  settle(): Promise<void>;
  /** Closes idle connections. */
  close(): Promise<void>;
}

export interface StoreOptions {
  http?: Http;
  tuning?: Partial<Tuning>;
}

/** Opens the store of a home; nothing is created or read before it is needed. */
export function openStore(home: HomeLayout, options: StoreOptions = {}): Store {
  const files = join(home.files, 'sha256');
  const partial = join(home.files, 'partial');
  const http = options.http ?? createHttp();
  const pathOf = (sha256: string): string => join(files, sha256.slice(0, 2), sha256);

  /** Verified by this process. */
  const fresh = new Set<string>();
  let booted: Promise<number> | undefined;

  const has = async (sha256: string, size?: number): Promise<boolean> => {
    const found = await stat(pathOf(sha256)).catch(() => undefined);
    if (!found?.isFile() || (size !== undefined && found.size !== size)) return false;
    if (isSealed(found) || fresh.has(sha256)) return true;
    booted ??= bootTime();
    return isTrustworthy(found, await booted) || verify(sha256);
  };

  const verify = async (sha256: string): Promise<boolean> => {
    const path = pathOf(sha256);
    const got = await sha256File(path).catch(() => undefined);
    if (got === sha256) {
      await seal(path);
      return true;
    }
    if (got !== undefined) await rm(path, { force: true });
    return false;
  };

  const place = async (temporary: string, sha256: string): Promise<void> => {
    await mkdir(join(files, sha256.slice(0, 2)), { recursive: true });
    await rename(temporary, pathOf(sha256));
    fresh.add(sha256);
  };

  const list = async (): Promise<{ sha256: string; size: number }[]> => {
    const found: { sha256: string; size: number }[] = [];
    for (const folder of await readdir(files).catch(() => [] as string[]))
      for (const sha256 of await readdir(join(files, folder)).catch(() => [] as string[])) {
        const { size } = (await stat(join(files, folder, sha256)).catch(() => undefined)) ?? {};
        if (size !== undefined && /^[0-9a-f]{64}$/.test(sha256)) found.push({ sha256, size });
      }
    return found;
  };

  /** Writes through a temporary file in `partial`, so that only whole files have a final name. */
  const take = async (
    write: (temporary: string) => Promise<void>,
  ): Promise<{ sha256: string; size: number }> => {
    const temporary = temporaryName(join(partial, 'add'));
    try {
      await mkdir(partial, { recursive: true });
      await write(temporary);
      const handle = await open(temporary, 'r');
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
      const sha256 = await sha256File(temporary);
      const { size } = await stat(temporary);
      await chmod(temporary, 0o444);
      if (await has(sha256, size)) await rm(temporary);
      else await place(temporary, sha256);
      return { sha256, size };
    } catch (error) {
      await rm(temporary, { force: true });
      throw diskFailure(error, home.files);
    }
  };

  const checkSpace = async (needed: number): Promise<void> => {
    const disk = await statfs(home.files);
    const free = disk.bavail * disk.bsize;
    if (free < needed) throw noSpace(home.files, needed, free);
  };

  return {
    path: pathOf,
    has,
    verify,
    list,
    add: (file) => take((temporary) => copyFile(file, temporary)),
    addBytes: async (bytes) => {
      const sha256 = sha256Hex(bytes);
      if (!(await has(sha256, bytes.length))) await take((temporary) => writeFile(temporary, bytes));
      return sha256;
    },
    async fetch(wanted, given = {}) {
      const here = await Promise.all(wanted.map((file) => has(file.sha256, file.size)));
      const missing = new Map<string, WantedFile>();
      for (const [i, file] of wanted.entries()) {
        if (here[i]) given.watch?.onStored?.(file.sha256, pathOf(file.sha256));
        else missing.set(file.sha256, file);
      }
      booted ??= bootTime();
      await sealFiles(files, { all: false, bootTime: await booted });
      if (missing.size === 0) return { bytesFetched: 0, filesFetched: 0 };
      try {
        await mkdir(partial, { recursive: true });
        return await fetchAll([...missing.values()], {
          ...given,
          progress: given.progress ?? silent,
          http,
          partial,
          tuning: { ...DEFAULT_TUNING, ...options.tuning },
          has,
          place,
          pathOf,
          checkSpace: (needed) => checkSpace(needed + (given.reserve ?? 0)),
        });
      } catch (error) {
        throw diskFailure(error, home.files);
      }
    },
    async gc(keep) {
      let removed = 0;
      let bytes = await sweepPartial(partial, keep);
      for (const { sha256, size } of await list()) {
        if (keep.has(sha256)) continue;
        await rm(pathOf(sha256), { force: true });
        removed += 1;
        bytes += size;
      }
      return { removed, bytes };
    },
    settle: async () => sealFiles(files, { all: true, bootTime: await (booted ??= bootTime()) }),
    close: () => http.close(),
  };
}
