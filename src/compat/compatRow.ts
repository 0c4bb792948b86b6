import { nameOf } from './candidates.ts';
import type { Candidate } from './candidates.ts';
import { coverage } from './architectures.ts';
import { isNative } from './choose.ts';
import { judge, lacksFeature } from './judge.ts';
import type { Plan } from './plan.ts';
import { eligible, makeContext, solve } from './solve.ts';
import type { Reason, SolveHost, SolveOptions, Warning } from './solveTypes.ts';
import type { CompatTables, Feature } from './tables.ts';
import { compareDotted, driverReaches, major } from './versions.ts';

/** One variant of one release on this machine. */
export interface CompatCell {
  variant: string;
  /** `best` is the one a solve without wishes takes; `minor`: by minor-version compatibility; `ptx`: compiled by the driver at start. */
  verdict: 'best' | 'works' | 'minor' | 'ptx' | 'no';
  reasons: Reason[];
  isDefault: boolean;
}

export interface CompatLine {
  torch: string;
  date: string | null;
  python: { min: string; max: string };
  cells: CompatCell[];
}

/** This machine's row of the matrix: driver -> CUDA -> variants -> releases. */
export interface CompatRow {
  tablesDate: string;
  platform: SolveHost['platform'];
  driver: {
    state: 'present' | 'none' | 'unknown';
    version: string | null;
    cuda: string | null;
    lifecycle: string | null;
    problem: string | null;
  };
  /** CUDA major versions and whether the driver reaches their floor; null where the driver is not known. */
  cuda: { major: number; floor: string; allowed: boolean | null }[];
  gpus: { name: string; computeCapability: string; lacks: Feature[] }[];
  /** Newest release first. */
  lines: CompatLine[];
  best: Plan | null;
  reasons: string[];
  warnings: Warning[];
}

function verdictOf(
  candidate: Candidate,
  reasons: Reason[],
  context: ReturnType<typeof makeContext>,
): CompatCell['verdict'] {
  const { build } = candidate;
  if (reasons.length > 0 || build === undefined) return 'no';
  if (context.gpus.some((gpu) => coverage(build, gpu.computeCapability) === 'ptx')) return 'ptx';
  return isNative(candidate, context) ? 'works' : 'minor';
}

/** What works on a host, release by release; for `rig compat` without arguments. */
export function compatRow(host: SolveHost, tables: CompatTables, options: SolveOptions = {}): CompatRow {
  const context = makeContext({}, host, { tables, options });
  const result = solve({}, host, tables, options);
  const best = result.ok ? result.plan : null;
  const lines = new Map<string, CompatLine>();
  for (const candidate of eligible(context)) {
    const { release, variant, isDefault } = candidate;
    const reasons = judge(candidate, context);
    const chosen = best !== null && nameOf(candidate) === `torch ${best.torch} ${best.variant}`;
    const line = lines.get(release.version) ?? {
      torch: release.version,
      date: release.date,
      python: release.python,
      cells: [],
    };
    line.cells.push({
      variant,
      verdict: chosen ? 'best' : verdictOf(candidate, reasons, context),
      reasons,
      isDefault,
    });
    lines.set(release.version, line);
  }
  const { driver } = context;
  const version = driver.version ?? null;
  return {
    tablesDate: tables.date,
    platform: host.platform,
    driver: {
      state: driver.state,
      version,
      cuda: driver.cuda ?? null,
      lifecycle:
        tables.drivers.branches.find((row) => version !== null && row.branch === major(version))?.lifecycle ??
        null,
      problem: driver.broken?.why ?? null,
    },
    cuda: tables.drivers.floors
      .toSorted((a, b) => b.cudaMajor - a.cudaMajor)
      .map((row) => ({
        major: row.cudaMajor,
        floor: row.driver,
        allowed: version === null ? null : driver.broken === undefined && driverReaches(version, row.driver),
      })),
    gpus: context.gpus.map((gpu) => ({
      name: gpu.name,
      computeCapability: gpu.computeCapability,
      lacks: tables.features
        .filter(({ feature }) => lacksFeature(feature, { gpus: [gpu], tables }) !== undefined)
        .sort((a, b) => compareDotted(a.computeCapability, b.computeCapability))
        .map(({ feature }) => feature),
    })),
    lines: [...lines.values()],
    best,
    reasons: result.reasons,
    warnings: result.warnings,
  };
}
