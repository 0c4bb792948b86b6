import pep440 from '@renovatebot/pep440';
import type { IndexedPackage } from '../sources/index.ts';
import { normalizeName } from '../sources/index.ts';
import { compareDebVersions } from './debVersion.ts';
import type { Lock, LockedDeb } from './lockfile.ts';
import { splitAsked } from './lockInputs.ts';

/** A package of the lock of which something newer is served. */
export interface PackageOutlook {
  name: string;
  kind: 'python' | 'debian';
  /** `torch`: a member of the torch set; `security`: the security archive has a newer one. */
  group: 'torch' | 'security' | 'other';
  locked: string;
  /** What `rig lock --upgrade` would take; null: it would take none, or could not tell. */
  wanted: string | null;
  /** The newest served that this Python and platform could install; null: none. */
  latest: string | null;
  /** The requirement of torchrig.yaml that rules `latest` out; null where none does by itself. */
  heldBy: string | null;
}

/** These have a row each in the torch set. */
export const SET: readonly string[] = ['torch', 'torchvision', 'torchaudio', 'triton'];

/** Names of the lock that can be newer by themselves: libraries that torch pins move with it and are not looked at. */
export function pythonNames(lock: Pick<Lock, 'plan' | 'python'>): string[] {
  const pinned = new Set(Object.keys(lock.plan?.nvidia ?? {}).map(normalizeName));
  const follows = (name: string): boolean =>
    lock.plan !== null && (pinned.has(name) || name.startsWith('nvidia-'));
  return lock.python.map(({ name }) => name).filter((name) => !follows(name));
}

function isNewer(version: string | null | undefined, than: string): boolean {
  if (version === null || version === undefined || version === than) return false;
  return !pep440.valid(version) || !pep440.valid(than) || pep440.compare(version, than) > 0;
}

/** The requirement that names the package and does not allow the version. */
function requirementAgainst(name: string, version: string, asked: readonly string[]): string | null {
  const { wanted, constraints } = splitAsked(asked);
  const found = [...wanted, ...constraints].find((line) => {
    const parts = /^([\w.-]+)\s*(?:\[[^\]]*\])?\s*([^;]*)/.exec(line);
    const range = parts?.[2]?.replace(/^\(|\)$/g, '').trim();
    if (!range || normalizeName(parts?.[1] ?? '') !== name || !pep440.validRange(range)) return false;
    return !pep440.satisfies(version, range);
  });
  return found ?? null;
}

/**
 * What is newer among the Python packages. `wanted`: name -> version of a fresh resolution, undefined where there is none;
 * `latest`: name -> newest served.
 */
export function pythonOutlook(
  lock: Pick<Lock, 'plan' | 'python' | 'asked'>,
  wanted: ReadonlyMap<string, string> | undefined,
  latest: ReadonlyMap<string, string | null>,
): PackageOutlook[] {
  const names = new Set(pythonNames(lock));
  return lock.python.flatMap(({ name, version: locked }): PackageOutlook[] => {
    const newest = latest.get(name) ?? null;
    const next = wanted?.get(name) ?? null;
    if (!names.has(name) || !(isNewer(newest, locked) || isNewer(next, locked))) return [];
    const group = lock.plan !== null && SET.includes(name) ? 'torch' : 'other';
    const heldBy =
      newest !== null && isNewer(newest, next ?? locked)
        ? requirementAgainst(name, newest, lock.asked.packages.python)
        : null;
    return [{ name, kind: 'python', group, locked, wanted: next, latest: newest, heldBy }];
  });
}

/** What is newer among the Debian packages; `versions`: everything that the suites have of a name. */
export function debianOutlook(
  locked: readonly LockedDeb[],
  arch: string,
  versions: (name: string) => readonly Pick<IndexedPackage, 'version' | 'arch' | 'archive'>[],
): PackageOutlook[] {
  return locked.flatMap((deb): PackageOutlook[] => {
    const newer = versions(deb.name)
      .filter((each) => each.arch === 'all' || each.arch === arch)
      .filter((each) => compareDebVersions(each.version, deb.version) > 0)
      .sort((a, b) => compareDebVersions(b.version, a.version));
    const [best] = newer;
    if (best === undefined) return [];
    const { name, version } = deb;
    const group = newer.some(({ archive }) => archive === 'debian-security') ? 'security' : 'other';
    const { version: latest } = best;
    return [{ name, kind: 'debian', group, locked: version, wanted: latest, latest, heldBy: null }];
  });
}

const GROUPS: readonly PackageOutlook['group'][] = ['torch', 'security', 'other'];
const byName = (a: PackageOutlook, b: PackageOutlook): number => (a.name < b.name ? -1 : 1);

function setRank({ name }: PackageOutlook): number {
  const at = SET.indexOf(name);
  return at < 0 ? SET.length : at;
}

/** The torch set first, then security updates, then the others; in each Python before Debian, then by name. */
export function inOrder(packages: readonly PackageOutlook[]): PackageOutlook[] {
  return packages.toSorted(
    (a, b) =>
      GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) ||
      (a.kind === b.kind ? 0 : a.kind === 'python' ? -1 : 1) ||
      setRank(a) - setRank(b) ||
      byName(a, b),
  );
}
