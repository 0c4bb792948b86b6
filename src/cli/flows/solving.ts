import {
  indexWheelSource,
  keepLearned,
  learnRelease,
  loadTables,
  servedVariants,
  solve,
} from '../../compat/index.ts';
import type { CompatTables, SolveRequest, SolveResult } from '../../compat/index.ts';
import { EXIT, isRigError, RigError } from '../../kernel/index.ts';
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
    const here = await servedHere(call, side, { host, tables });
    return solve(request, host, here.tables, { served: here.served });
  } finally {
    await side.http.close();
  }
}

/** What the package source here serves of torch, and the tables with what was learnt of it. */
export interface ServedHere {
  tables: CompatTables;
  /** Torch version -> variants. */
  served: Map<string, Set<string>>;
  /** Newer releases that no table knows and whose wheels could not be read. */
  unread: { version: string; why: string }[];
}

/** Asks the package source for its torch wheels; releases that the tables lack are read out of them and kept. */
export async function servedHere(
  call: Pick<Call, 'env' | 'progress'>,
  side: Pick<PythonSide, 'index' | 'http'>,
  { host, tables }: Pick<Machine, 'host' | 'tables'>,
): Promise<ServedHere> {
  const machine = host.platform === 'linux/arm64' ? 'aarch64' : 'x86_64';
  const wheels = (await side.index.servedWheels('torch')).filter(({ platforms }) =>
    platforms.some((tag) => /^(many)?linux/.test(tag) && tag.endsWith(machine)),
  );
  const versions = new Set(wheels.map(({ version }) => version));
  const { unknown } = servedVariants(versions, host.platform, tables);
  const known = await withLearned(call, { side, unknown, tables });
  return { ...known, served: servedVariants(versions, host.platform, known.tables).served };
}

/** Releases that the source serves and the tables lack, read out of their wheels: a stale table is no reason to miss a release. */
async function withLearned(
  call: Pick<Call, 'env' | 'progress'>,
  {
    side,
    unknown,
    tables,
  }: { side: Pick<PythonSide, 'index' | 'http'>; unknown: readonly string[]; tables: CompatTables },
): Promise<Omit<ServedHere, 'served'>> {
  const newest = tables.releases.at(-1)?.version ?? '';
  const fresh = [...new Set(unknown.map((version) => version.split('+')[0] ?? ''))].filter(
    (version) =>
      /^\d+\.\d+\.\d+$/.test(version) && version.localeCompare(newest, 'en', { numeric: true }) > 0,
  );
  if (fresh.length === 0) return { tables, unread: [] };
  const source = indexWheelSource(side.index, side.http);
  const today = new Date().toISOString().slice(0, 10);
  const unread: ServedHere['unread'] = [];
  for (const version of fresh) {
    call.progress({
      kind: 'note',
      level: 'info',
      text: `torch ${version} is not in the tables: reading it out of its wheels`,
    });
    try {
      const { release } = await learnRelease(source, version, { today });
      await keepLearned(release, layoutOf(call));
    } catch (error) {
      // One release that cannot be read is no reason to refuse the others.
      if (!isRigError(error)) throw error;
      const why = error.why ? `${error.message} (${error.why})` : error.message;
      unread.push({ version, why });
      call.progress({ kind: 'note', level: 'warn', text: `torch ${version} is left out: ${why}` });
    }
  }
  return { tables: (await loadTables(layoutOf(call))).tables, unread };
}
