import type { Plan } from './plan.ts';
import { solve } from './solve.ts';
import type { SolveHost, SolveOptions, SolveRequest, SolveResult } from './solveTypes.ts';
import type { CompatTables } from './tables.ts';
import { compareDotted } from './versions.ts';

/** What of torch could be had, as far as a machine allows it. */
export interface TorchOutlook {
  /** What the spec's own wishes lead to today; null: they are refused. */
  wanted: Plan | null;
  /** Why they are. */
  refusal: string[];
  /** The newest release that runs on this machine, whatever the spec says of torch. */
  runnable: { plan: Plan; reviewed: boolean } | null;
  /** The newest that is served at all, and what stands against it here; nothing does when it is `runnable`. */
  newest: { version: string; reviewed: boolean; against: string[] } | null;
}

export interface OutlookOptions extends SolveOptions {
  tables: CompatTables;
  /** Served releases that no table knows and whose wheels could not be read. */
  unread?: readonly { version: string; why: string }[];
}

function objections(result: SolveResult, version: string): string[] {
  const rejected = result.rejected.filter(({ torch }) => torch === version);
  const served = rejected.filter(({ reasons }) => !reasons.some(({ code }) => code === 'not-served'));
  const told = served.length > 0 ? served : rejected;
  return [...new Set(told.map(({ variant, why }) => `${variant}: ${why}`))];
}

/** Compares a spec's torch with what is served and what a machine can run. Throws as `solve` does. */
export function torchOutlook(
  request: SolveRequest,
  host: SolveHost,
  options: OutlookOptions,
): TorchOutlook & { asked: SolveResult } {
  const { tables, unread = [], ...how } = options;
  const asked = solve(request, host, tables, how);
  // A wish for one CUDA is not what the machine allows; to do without a GPU is.
  const cuda = request.cuda === 'cpu' ? 'cpu' : 'auto';
  const best = solve({ ...request, torch: undefined, cuda }, host, tables, how);
  const isReviewed = (version: string): boolean =>
    tables.releases.find((release) => release.version === version)?.status === 'reviewed';
  const unknown = new Map(unread.map(({ version, why }) => [version, why]));
  const versions = [
    ...(how.served?.keys() ?? tables.releases.map(({ version }) => version)),
    ...unknown.keys(),
  ];
  const newest = versions.sort(compareDotted).at(-1);
  const isBest = best.ok && best.plan.torch === newest;
  const whyUnread = newest === undefined ? undefined : unknown.get(newest);
  return {
    asked,
    wanted: asked.ok ? asked.plan : null,
    refusal: asked.ok ? [] : asked.reasons,
    runnable: best.ok ? { plan: best.plan, reviewed: isReviewed(best.plan.torch) } : null,
    newest:
      newest === undefined
        ? null
        : {
            version: newest,
            reviewed: isReviewed(newest),
            against: whyUnread ? [whyUnread] : isBest ? [] : objections(best, newest),
          },
  };
}
