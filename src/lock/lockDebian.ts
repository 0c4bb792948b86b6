import { EXIT, isRigError, RigError } from '../kernel/index.ts';
import type { HomeLayout, Progress } from '../kernel/index.ts';
import { debianIndex } from '../sources/index.ts';
import type { DebianIndex, DebianSources } from '../sources/index.ts';
import { BASES } from '../spec/index.ts';
import type { Base } from '../spec/index.ts';
import type { Http, Store } from '../store/index.ts';
import type { DebRecord } from './debRecord.ts';
import { resolveDebs } from './debResolve.ts';
import { makeUniverse } from './debUniverse.ts';
import type { DebCatalogue } from './debUniverse.ts';
import type { Lock, LockedDeb } from './lockfile.ts';

export interface DebianRequest {
  /** `debian:12`. */
  base: string;
  /** Packages besides those of the base. */
  asked: readonly string[];
  platform: Lock['platform'];
  /** Packages whose version is kept while the indexes still have the file. */
  prefer: readonly LockedDeb[];
  sources: DebianSources;
  http: Http;
  store: Store;
  home: HomeLayout;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** The base as spec knows it. Throws RIG-LOCK-042 for one that rig cannot assemble. */
export function knownBase(name: string): Base {
  const base = BASES[name];
  if (base) return base;
  throw new RigError('RIG-LOCK-042', `the base ${name} cannot be locked`, {
    why: `rig assembles ${Object.keys(BASES).join(', ')} from packages; another image has no package list to lock`,
    hint: `write base: ${Object.keys(BASES)[0]} in torchrig.yaml`,
    exitCode: EXIT.usage,
  });
}

function toLocked(record: DebRecord): LockedDeb {
  const { name, version, arch, archive, path, size, sha256 } = record;
  return { name, version, arch: arch as LockedDeb['arch'], archive, path, size, sha256 };
}

/** Resolves with what is kept; where that contradicts itself, with the newest of everything. */
function resolveKeeping(
  catalogue: DebCatalogue,
  request: { arch: string; asked: string[]; prefer: readonly LockedDeb[]; progress: Progress },
): DebRecord[] {
  const { arch, asked } = request;
  const prefer = new Map(request.prefer.map(({ name, version, sha256 }) => [name, { version, sha256 }]));
  try {
    return resolveDebs(makeUniverse(catalogue, { arch, prefer }), asked);
  } catch (error) {
    if (prefer.size === 0 || !isRigError(error) || !['RIG-LOCK-022', 'RIG-LOCK-023'].includes(error.code))
      throw error;
    const packages = resolveDebs(makeUniverse(catalogue, { arch }), asked);
    const text = `the Debian packages of the old lock no longer go together (${error.message}): the newest are taken`;
    request.progress({ kind: 'note', level: 'warn', text });
    return packages;
  }
}

/** The package indexes that a base is assembled from. Throws what `debianIndex` throws, and RIG-LOCK-042. */
export async function loadDebianIndex(
  request: Omit<DebianRequest, 'asked' | 'prefer'>,
): Promise<{ index: DebianIndex; arch: 'amd64' | 'arm64' }> {
  const { codename } = knownBase(request.base);
  const arch = request.platform === 'linux/amd64' ? 'amd64' : 'arm64';
  const { sources, http, store, home, progress, signal } = request;
  const suites = [codename, `${codename}-updates`, `${codename}-security`];
  const index = await debianIndex({
    sources,
    http,
    store,
    home,
    suites,
    arch,
    progress,
    ...(signal ? { signal } : {}),
  });
  return { index, arch };
}

/**
 * The Debian part of a lock, sorted by name, and the date of the newest index it was resolved against (seconds since 1970).
 * Throws what `debianIndex` and `resolveDebs` throw, and RIG-LOCK-042.
 */
export async function lockDebian(request: DebianRequest): Promise<{ debs: LockedDeb[]; date: number }> {
  const base = knownBase(request.base);
  const { progress } = request;
  const { index, arch } = await loadDebianIndex(request);
  const asked = [...base.packages, ...request.asked];
  const packages = resolveKeeping(index, { arch, asked, prefer: request.prefer, progress });
  return { debs: packages.map(toLocked), date: index.date };
}
