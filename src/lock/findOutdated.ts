import { EXIT, isRigError, silent } from '../kernel/index.ts';
import type { Progress } from '../kernel/index.ts';
import type { PythonIndex } from '../sources/index.ts';
import { both } from './both.ts';
import { loadDebianIndex } from './lockDebian.ts';
import type { Lock, LockedWheel } from './lockfile.ts';
import { isStale, lockInputs } from './lockInputs.ts';
import type { MakeLockOptions, PlanChoice } from './makeLock.ts';
import { newestWheel } from './newestWheel.ts';
import { debianOutlook, inOrder, pythonNames, pythonOutlook, SET } from './outlook.ts';
import type { PackageOutlook } from './outlook.ts';
import { pythonRequest, wheelTarget } from './pythonRequest.ts';
import { resolvePython } from './resolvePython.ts';

export interface OutdatedOptions extends Omit<MakeLockOptions, 'previous' | 'upgrade' | 'platform'> {
  lock: Lock;
  /** The index of `sources.python()`; its pages are read once. */
  index: PythonIndex;
  /** Milliseconds since 1970; default: the clock. */
  now?: number;
}

export interface OutdatedPackages {
  /** Only those of which something newer is served; in the order of `inOrder`. */
  packages: PackageOutlook[];
  /** How many were looked at. */
  looked: { python: number; debian: number };
  /** Why no `wanted` of Python packages is known: `rig lock --upgrade` would fail so. Null: it would not. */
  problem: { code: string; message: string; why: string | null } | null;
  /** torchrig.yaml asks for something else than the lock was made from. */
  stale: boolean;
  /** Day of the package indexes that the lock was made from, and days since then. */
  date: string;
  ageDays: number;
}

// More at once make a far index slower, not faster.
const AT_ONCE = 16;
const DAY = 86_400_000;

async function latestVersions(
  options: OutdatedOptions,
  plan: Lock['plan'],
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<Map<string, string | null>> {
  const { lock, index, spec } = options;
  const target = wheelTarget({ spec, platform: lock.platform }, plan);
  const names = pythonNames(lock);
  const task = 'outdated-latest';
  progress({ kind: 'task', task, label: 'looking up Python packages', unit: 'steps', total: names.length });
  const found = new Map<string, string | null>();
  const next = names.values();
  const worker = async (): Promise<void> => {
    for (const name of next) {
      signal.throwIfAborted();
      found.set(name, newestWheel(await index.servedWheels(name, { keep: SET.includes(name) }), target));
      progress({ kind: 'advance', task, by: 1 });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  progress({ kind: 'done', task });
  return found;
}

type Wanted = { wheels?: LockedWheel[]; problem?: OutdatedPackages['problem'] };

/** What a fresh resolution takes. That there is none is an answer; that the source does not answer is not. */
async function wantedVersions(
  options: OutdatedOptions,
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<Wanted> {
  const { lock, spec, env = process.env } = options;
  const choice: PlanChoice = await options.plan();
  const task = 'outdated-wanted';
  progress({ kind: 'task', task, label: 'resolving what an upgrade would take', unit: 'steps' });
  try {
    const inputs = await lockInputs(spec);
    const context = {
      ...options,
      env,
      inputs,
      signal,
      platform: lock.platform,
      known: lock.python,
      prefer: [],
    };
    return { wheels: await resolvePython(await pythonRequest(context, choice)) };
  } catch (error) {
    signal.throwIfAborted();
    if (!isRigError(error) || error.exitCode === EXIT.source) throw error;
    return { problem: { code: error.code, message: error.message, why: error.why ?? null } };
  } finally {
    progress({ kind: 'done', task });
  }
}

/**
 * What of a lock has newer versions at the package sources: the same questions as `rig lock --upgrade`, with nothing written.
 * Throws what the package sources throw (exit code 4), RIG-LOCK-030, -031, -042.
 */
export async function findOutdated(options: OutdatedOptions): Promise<OutdatedPackages> {
  const { lock, spec, progress = silent } = options;
  const [[wanted, latest], debian] = await both(options.signal, [
    (signal) =>
      both(signal, [
        (inner) => wantedVersions(options, { signal: inner, progress }),
        (inner) => latestVersions(options, lock.plan, { signal: inner, progress }),
      ]),
    async (signal) => {
      const { http, store, home, sources } = options;
      const { base } = lock.asked;
      const from = { sources: await sources.debian(), http, store, home, progress, signal };
      return loadDebianIndex({ ...from, base, platform: lock.platform });
    },
  ]);
  const versions = wanted.wheels && new Map(wanted.wheels.map(({ name, version }) => [name, version]));
  const now = options.now ?? Date.now();
  return {
    packages: inOrder([
      ...pythonOutlook(lock, versions, latest),
      ...debianOutlook(lock.debian, debian.arch, (name) => debian.index.versions(name)),
    ]),
    looked: { python: latest.size, debian: lock.debian.length },
    problem: wanted.problem ?? null,
    stale: await isStale(lock, spec),
    date: new Date(lock.epoch * 1000).toISOString().slice(0, 10),
    ageDays: Math.max(0, Math.floor((now - lock.epoch * 1000) / DAY)),
  };
}
