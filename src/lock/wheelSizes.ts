import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeFileAtomic } from '../kernel/index.ts';
import type { HomeLayout } from '../kernel/index.ts';
import { connectionTo, remoteSize } from '../sources/index.ts';
import type { PythonSources } from '../sources/index.ts';
import type { Http, Location } from '../store/index.ts';

/** A wheel whose size is wanted. */
export interface Sized {
  sha256: string;
  /** Address or path, as uv gives it. */
  where: string;
  /** Bytes, where the index says so. */
  size: number | undefined;
}

export interface SizeOptions {
  home: HomeLayout;
  sources: PythonSources;
  http: Http;
  /** sha256 -> bytes, known from elsewhere. */
  known: ReadonlyMap<string, number>;
  signal?: AbortSignal | undefined;
}

const AT_ONCE = 16;
const KEEP = 20_000;

/** uv leaves credentials out of the addresses it writes; files on an index's own server need the index's. */
function locationOf(where: string, sources: PythonSources): Location {
  const url = new URL(isAbsolute(where) ? pathToFileURL(where) : where);
  for (const place of [sources.indexUrl, ...sources.extraIndexUrls, ...sources.findLinks]) {
    if (place === undefined || url.protocol === 'file:' || url.username) continue;
    const root = new URL(place);
    if (root.origin !== url.origin || !root.username) continue;
    url.username = root.username;
    url.password = root.password;
  }
  return { url: url.href, via: connectionTo(url.href, sources) };
}

async function readKept(path: string): Promise<Map<string, number>> {
  try {
    const kept = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    return new Map(
      Object.entries(kept).filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])),
    );
  } catch {
    return new Map();
  }
}

/**
 * Sizes in bytes by sha256. What the index or an older lock says is taken; what has been asked once is kept in the home, because
 * many indexes do not tell sizes and a set has hundreds of wheels. A wrong size would be noticed when the file is fetched.
 */
export async function wheelSizes(
  wheels: readonly Sized[],
  options: SizeOptions,
): Promise<ReadonlyMap<string, number>> {
  const path = join(options.home.cache, 'wheel-sizes.json');
  const kept = await readKept(path);
  const sizes = new Map<string, number>();
  const open: Sized[] = [];
  for (const wheel of wheels) {
    const size = wheel.size ?? options.known.get(wheel.sha256) ?? kept.get(wheel.sha256);
    if (size === undefined) open.push(wheel);
    else sizes.set(wheel.sha256, size);
  }
  if (open.length === 0) return sizes;
  const next = open.values();
  const worker = async (): Promise<void> => {
    for (const wheel of next) {
      options.signal?.throwIfAborted();
      sizes.set(wheel.sha256, await remoteSize(locationOf(wheel.where, options.sources), options.http));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, open.length) }, worker));
  for (const { sha256 } of open) kept.set(sha256, sizes.get(sha256) ?? 0);
  const text = JSON.stringify(Object.fromEntries([...kept].slice(-KEEP)));
  await writeFileAtomic(path, text).catch(() => {});
  return sizes;
}
