import { candidatesFor, nameOf } from './candidates.ts';
import type { Candidate } from './candidates.ts';
import { compareCandidates, explainLoss } from './choose.ts';
import { viewDriver } from './driverView.ts';
import { judge } from './judge.ts';
import type { Context } from './judge.ts';
import { makePlan } from './makePlan.ts';
import { findNearest } from './nearest.ts';
import { checkRequest } from './request.ts';
import type {
  Forced,
  Reason,
  Rejected,
  SolveHost,
  SolveOptions,
  SolveRequest,
  SolveResult,
} from './solveTypes.ts';
import { refusalReasons, successReasons } from './solveReasons.ts';
import type { CompatTables } from './tables.ts';
import { constraintsOf, hostWarnings, planWarnings } from './warnings.ts';

/** Binds request, host and tables together for the rules. */
export function makeContext(
  request: SolveRequest,
  host: SolveHost,
  more: { tables: CompatTables; options: SolveOptions },
): Context {
  const driver = viewDriver(host, more.tables.drivers);
  return {
    request: checkRequest(request),
    host,
    gpus: driver.state === 'none' ? [] : host.gpus,
    driver,
    ...more,
  };
}

/** What the request means on this host. A wheel without CUDA is no answer where a GPU could be used, unless it was asked for. */
export function eligible({ request, host, gpus, tables }: Context): Candidate[] {
  const all = candidatesFor(request, host.platform, tables);
  const auto = (request.cuda ?? 'auto') === 'auto';
  return gpus.length > 0 && auto && !/\+cpu\b/.test(request.torch ?? '')
    ? all.filter((candidate) => candidate.variant !== 'cpu')
    : all;
}

/** Reasons that no will can overcome: there is no such wheel, or it cannot be installed. */
const FINAL = new Set<Reason['code']>(['not-served', 'platform', 'python', 'companion', 'lower-bound']);

/** The candidate with the fewest objections. */
function forcePlan(forcible: { candidate: Candidate; breaks: Reason[] }[], context: Context): Forced | null {
  const [best] = forcible.toSorted(
    (a, b) => a.breaks.length - b.breaks.length || compareCandidates(a.candidate, b.candidate, context),
  );
  if (best === undefined) return null;
  const { host, request, tables } = context;
  return {
    plan: makePlan(best.candidate, { platform: host.platform, python: request.python, tables }),
    breaks: best.breaks,
  };
}

/**
 * Finds the aligned set for a request on a host, or says why there is none.
 * Pure and synchronous, a few milliseconds.
 * @throws RigError for a wish that cannot be read (RIG-COMPAT-001, 003 to 006).
 */
export function solve(
  request: SolveRequest,
  host: SolveHost,
  tables: CompatTables,
  options: SolveOptions = {},
): SolveResult {
  const context = makeContext(request, host, { tables, options });
  const good: Candidate[] = [];
  const rejected: Rejected[] = [];
  const forcible: { candidate: Candidate; breaks: Reason[] }[] = [];
  for (const candidate of eligible(context)) {
    const reasons = judge(candidate, context);
    if (reasons.length === 0) good.push(candidate);
    else {
      if (!reasons.some(({ code }) => FINAL.has(code))) forcible.push({ candidate, breaks: reasons });
      const why = reasons.map((reason) => reason.why).join('; ');
      rejected.push({
        candidate: nameOf(candidate),
        torch: candidate.release.version,
        variant: candidate.variant,
        why,
        reasons,
      });
    }
  }
  good.sort((a, b) => compareCandidates(a, b, context));
  const [winner, ...others] = good;
  if (winner === undefined) {
    return {
      ok: false,
      reasons: refusalReasons(rejected, context),
      warnings: hostWarnings(context),
      rejected,
      nearest: findNearest(context),
      forced: forcePlan(forcible, context),
      tablesDate: tables.date,
    };
  }
  return {
    ok: true,
    plan: makePlan(winner, { platform: host.platform, python: context.request.python, tables }),
    reasons: successReasons(winner, context),
    warnings: planWarnings(winner, context),
    constraints: constraintsOf(winner),
    rejected,
    outranked: others.map((loser) => explainLoss(winner, loser, context)),
    tablesDate: tables.date,
  };
}
