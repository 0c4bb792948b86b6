import {
  indexWheelSource,
  keepLearned,
  learnRelease,
  loadTables,
  servedVariants,
  solve,
} from '../../compat/index.ts';
import type { CompatTables, SolveRequest, SolveResult } from '../../compat/index.ts';
import { EXIT, RigError } from '../../kernel/index.ts';
import type { Call } from '../outcome.ts';
import type { Machine } from './machine.ts';
import { layoutOf } from './environment.ts';
import { pythonSide } from './sources.ts';
import type { PythonSide } from './sources.ts';

export interface Solving {
  request: SolveRequest;
  /** `all` or `served`. */
  variants: string;
}

/** Solves for a machine; with `served` only what the package source here really has counts. */
export async function solveWith(
  call: Pick<Call, 'env' | 'progress'>,
  { host, tables }: Pick<Machine, 'host' | 'tables'>,
  { request, variants }: Solving,
): Promise<SolveResult> {
  if (variants === 'all') return solve(request, host, tables);
  if (variants !== 'served') {
    throw new RigError('RIG-CLI-002', `--variants ${variants} is not known`, {
      hint: '--variants all or --variants served',
      exitCode: EXIT.usage,
    });
  }
  const side = await pythonSide(call);
  try {
    const machine = host.platform === 'linux/arm64' ? 'aarch64' : 'x86_64';
    const wheels = (await side.index.servedWheels('torch')).filter(({ platforms }) =>
      platforms.some((tag) => /^(many)?linux/.test(tag) && tag.endsWith(machine)),
    );
    const versions = new Set(wheels.map(({ version }) => version));
    const { unknown } = servedVariants(versions, host.platform, tables);
    const known = await withLearned(call, { side, unknown, tables });
    return solve(request, host, known, { served: servedVariants(versions, host.platform, known).served });
  } finally {
    await side.http.close();
  }
}

/** Releases that the source serves and the tables lack, read out of their wheels: a stale table is no reason to miss a release. */
async function withLearned(
  call: Pick<Call, 'env' | 'progress'>,
  { side, unknown, tables }: { side: PythonSide; unknown: readonly string[]; tables: CompatTables },
): Promise<CompatTables> {
  const newest = tables.releases.at(-1)?.version ?? '';
  const fresh = [...new Set(unknown.map((version) => version.split('+')[0] ?? ''))].filter(
    (version) =>
      /^\d+\.\d+\.\d+$/.test(version) && version.localeCompare(newest, 'en', { numeric: true }) > 0,
  );
  if (fresh.length === 0) return tables;
  const source = indexWheelSource(side.index, side.http);
  const today = new Date().toISOString().slice(0, 10);
  for (const version of fresh) {
    call.progress({
      kind: 'note',
      level: 'info',
      text: `torch ${version} is not in the tables: reading it out of its wheels`,
    });
    const { release } = await learnRelease(source, version, { today });
    await keepLearned(release, layoutOf(call));
  }
  return (await loadTables(layoutOf(call))).tables;
}
