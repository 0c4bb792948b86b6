import type { Lock } from './lockfile.ts';

export interface PackageChange {
  name: string;
  kind: 'added' | 'removed' | 'changed';
  /** Version before; undefined when added. */
  from: string | undefined;
  /** Version after; undefined when removed. Equal to `from` when the same version is another file now. */
  to: string | undefined;
}

export interface PlanChange {
  /** `torch`, `cuda`, `nvidia.nvidia-cublas-cu12`, ... */
  key: string;
  from: string | null;
  to: string | null;
}

export interface LockChanges {
  /** True when nothing differs but the expected image. */
  same: boolean;
  plan: PlanChange[];
  python: PackageChange[];
  debian: PackageChange[];
  /** Bytes to fetch that were not in the lock before. */
  newBytes: number;
}

interface Pinned {
  name: string;
  version: string;
  sha256: string;
  size: number;
}

function diffPackages(before: readonly Pinned[], after: readonly Pinned[]): PackageChange[] {
  const old = new Map(before.map((each) => [each.name, each]));
  const now = new Map(after.map((each) => [each.name, each]));
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name): PackageChange[] => {
    const a = old.get(name);
    const b = now.get(name);
    if (a && b && a.sha256 === b.sha256 && a.version === b.version) return [];
    return [{ name, kind: a ? (b ? 'changed' : 'removed') : 'added', from: a?.version, to: b?.version }];
  });
}

function flatPlan(plan: Lock['plan']): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(plan ?? {})) {
    if (key === 'nvidia')
      for (const [name, version] of Object.entries(plan?.nvidia ?? {})) flat.set(`nvidia.${name}`, version);
    else if (value !== null) flat.set(key, Array.isArray(value) ? value.join(' ') : String(value));
  }
  return flat;
}

function diffPlans(before: Lock['plan'], after: Lock['plan']): PlanChange[] {
  const old = flatPlan(before);
  const now = flatPlan(after);
  return [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .map((key) => ({ key, from: old.get(key) ?? null, to: now.get(key) ?? null }))
    .filter(({ from, to }) => from !== to);
}

/** What differs between two locks, for people and `--json`; without a first one everything is added. */
export function diffLocks(before: Lock | undefined, after: Lock): LockChanges {
  const python = diffPackages(before?.python ?? [], after.python);
  const debian = diffPackages(before?.debian ?? [], after.debian);
  const plan = diffPlans(before?.plan ?? null, after.plan);
  const had = new Set([...(before?.python ?? []), ...(before?.debian ?? [])].map((each) => each.sha256));
  const newBytes = [...after.python, ...after.debian]
    .filter((each) => !had.has(each.sha256))
    .reduce((sum, each) => sum + each.size, 0);
  const same = python.length + debian.length + plan.length === 0 && before !== undefined;
  return { same, plan, python, debian, newBytes };
}
