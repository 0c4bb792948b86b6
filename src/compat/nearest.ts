import { candidatesFor, parseTorchWish } from './candidates.ts';
import type { Candidate } from './candidates.ts';
import { compareCandidates } from './choose.ts';
import { viewDriver } from './driverView.ts';
import { works } from './judge.ts';
import type { Context } from './judge.ts';
import { makePlan } from './makePlan.ts';
import type { Nearest, SolveHost, SolveRequest } from './solveTypes.ts';
import { major } from './versions.ts';

interface Relaxation {
  changes: Nearest['changes'];
  /** The changed context, or undefined where there is nothing to change. */
  relax: (context: Context) => Context | undefined;
}

const withRequest = (context: Context, change: Partial<SolveRequest>): Context => ({
  ...context,
  request: { ...context.request, ...change },
});

function withHost(context: Context, change: Partial<SolveHost>): Context {
  const host = { ...context.host, ...change };
  const driver = viewDriver(host, context.tables.drivers);
  return { ...context, host, driver, gpus: driver.state === 'none' ? [] : host.gpus };
}

const freeTorch: Partial<SolveRequest> = { torch: undefined };
const freeCuda: Partial<SolveRequest> = { cuda: undefined };
const hasTorch = ({ request }: Context): boolean => parseTorchWish(request.torch).text !== undefined;
const hasCuda = ({ request }: Context): boolean => request.cuda !== undefined && request.cuda !== 'auto';

/** Small changes first: what the user typed before what the user owns. */
const RELAXATIONS: readonly Relaxation[] = [
  { changes: ['cuda'], relax: (c) => (hasCuda(c) ? withRequest(c, freeCuda) : undefined) },
  { changes: ['torch'], relax: (c) => (hasTorch(c) ? withRequest(c, freeTorch) : undefined) },
  {
    changes: ['source'],
    relax: (c) => (c.options.served ? { ...c, options: { ...c.options, served: undefined } } : undefined),
  },
  {
    changes: ['python'],
    relax: (c) => (c.request.python ? withRequest(c, { python: undefined }) : undefined),
  },
  {
    changes: ['features'],
    relax: (c) => (c.request.features?.length ? withRequest(c, { features: [] }) : undefined),
  },
  {
    changes: ['torch', 'cuda'],
    relax: (c) => (hasTorch(c) && hasCuda(c) ? withRequest(c, { ...freeTorch, ...freeCuda }) : undefined),
  },
  {
    changes: ['torch', 'python'],
    relax: (c) =>
      hasTorch(c) && c.request.python ? withRequest(c, { ...freeTorch, python: undefined }) : undefined,
  },
  {
    changes: ['cuda', 'source'],
    relax: (c) =>
      hasCuda(c) && c.options.served
        ? withRequest({ ...c, options: { ...c.options, served: undefined } }, freeCuda)
        : undefined,
  },
];

function best(context: Context, closeTo?: (candidate: Candidate) => number): Candidate | undefined {
  const auto = (context.request.cuda ?? 'auto') === 'auto';
  const good = candidatesFor(context.request, context.host.platform, context.tables).filter(
    (candidate) =>
      (candidate.variant !== 'cpu' || !auto || context.gpus.length === 0) && works(candidate, context),
  );
  good.sort((a, b) => (closeTo ? closeTo(a) - closeTo(b) : 0) || compareCandidates(a, b, context));
  return good[0];
}

/** Distance in releases from what was asked. */
function distanceFrom(context: Context): (candidate: Candidate) => number {
  const wish = parseTorchWish(context.request.torch);
  const { releases } = context.tables;
  const asked = releases.flatMap((release, index) => (wish.matches(release.version) ? [index] : []));
  const first = asked[0] ?? releases.length - 1;
  const last = asked.at(-1) ?? releases.length - 1;
  return ({ release }) => {
    const index = releases.indexOf(release);
    return index < first ? first - index : index > last ? index - last : 0;
  };
}

function describe(changes: Nearest['changes'], candidate: Candidate, context: Context): string {
  const { request } = context;
  const parts = changes.map((change) => {
    if (change === 'torch')
      return `torch ${candidate.release.version} instead of ${request.torch ?? 'what was asked'}`;
    if (change === 'cuda') return `${candidate.variant} instead of ${request.cuda ?? 'what was asked'}`;
    if (change === 'python')
      return `a Python from ${candidate.release.python.min} to ${candidate.release.python.max} instead of ${request.python ?? ''}`;
    if (change === 'features') return `without ${request.features?.join(', ') ?? ''}`;
    return `a package source that serves ${candidate.variant} of torch ${candidate.release.version}`;
  });
  return parts.join(', ');
}

/** The closest driver branch with which the request works as asked: the lowest above this one, else the highest below. */
function otherDriver(context: Context): Nearest | undefined {
  const { driver, tables, host } = context;
  if (driver.state !== 'present' || driver.version === undefined || host.gpus.length === 0) return undefined;
  const current = major(driver.kernelModule ?? driver.version);
  const branches = tables.drivers.branches.map((row) => row.branch);
  const newer = branches.filter((branch) => branch > current || (driver.broken && branch === current));
  const older = branches.filter((branch) => branch < current).toReversed();
  for (const branch of [...newer, ...older]) {
    const changed = withHost(context, { driver: { kernelModule: String(branch) } });
    const candidate = best(changed);
    if (candidate === undefined) continue;
    const change = driver.broken
      ? `kernel module and libraries of one driver, ${branch} or newer`
      : branch < current
        ? `driver ${branch}, which still knows the GPU`
        : `driver ${branch} or newer`;
    return { change, changes: ['driver'], plan: planOf(candidate, changed) };
  }
  return undefined;
}

/** The request without the GPU that stands in its way, in a machine with several kinds. */
function withoutOneGpu(context: Context): Nearest | undefined {
  const kinds = [...new Set(context.gpus.map((gpu) => gpu.computeCapability))];
  if (kinds.length < 2) return undefined;
  for (const kind of kinds) {
    const changed = withHost(context, {
      gpus: context.host.gpus.filter((gpu) => gpu.computeCapability !== kind),
    });
    const candidate = best(changed);
    const left = context.gpus.find((gpu) => gpu.computeCapability === kind);
    if (candidate && left)
      return {
        change: `without ${left.name} (list the others under gpus:)`,
        changes: ['gpus'],
        plan: planOf(candidate, changed),
      };
  }
  return undefined;
}

const planOf = (candidate: Candidate, context: Context): Nearest['plan'] =>
  makePlan(candidate, {
    platform: context.host.platform,
    python: context.request.python,
    tables: context.tables,
  });

/** Plans close to a request that was refused, closest first. */
export function findNearest(context: Context): Nearest[] {
  const found: Nearest[] = [];
  const near = distanceFrom(context);
  for (const { changes, relax } of RELAXATIONS) {
    if (found.some((entry) => entry.changes.every((change) => changes.includes(change)))) continue;
    const changed = relax(context);
    const candidate = changed && best(changed, changes.includes('torch') ? near : undefined);
    if (changed && candidate)
      found.push({
        change: describe(changes, candidate, context),
        changes,
        plan: planOf(candidate, changed),
      });
  }
  for (const other of [withoutOneGpu(context), otherDriver(context)]) if (other) found.push(other);
  const cpu = context.gpus.length > 0 ? best(withRequest(context, { cuda: 'cpu' })) : undefined;
  if (cpu)
    found.push({
      change: 'on the CPU alone (cuda: cpu)',
      changes: ['cuda'],
      plan: planOf(cpu, withRequest(context, { cuda: 'cpu' })),
    });
  return found;
}
