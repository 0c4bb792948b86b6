import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtin as tables } from './builtin.ts';
import { solve } from './solve.ts';
import { canonicalJson } from '../kernel/index.ts';
import type { Plan } from './plan.ts';
import type { SolveGpu, SolveHost, SolveRequest } from './solveTypes.ts';
import type { Release } from './tables.ts';

/*
 * The rules once more, written from the facts and on purpose without the solver's own functions:
 * a mistake in one of them must not hide behind the same mistake in the test.
 */
const parts = (text: string): number[] => text.split('.').map(Number);
function atLeast(have: string, want: string): boolean {
  const [a, b] = [parts(have), parts(want)];
  for (let index = 0; index < b.length; index++) {
    if ((a[index] ?? 0) > (b[index] ?? 0)) return true;
    if ((a[index] ?? 0) < (b[index] ?? 0)) return false;
  }
  return true;
}
const TEGRA = new Set(['7.2', '8.7', '11.0']);
function runs(gpu: SolveGpu, plan: Plan, driverCuda: string): boolean {
  const own = gpu.computeCapability;
  const [x = 0, y = 0] = parts(own);
  const cubin = plan.architectures.some((sm) => {
    if (TEGRA.has(sm) || TEGRA.has(own)) return sm === own;
    const [major = 0, minor = 0] = parts(sm);
    return major === x && minor <= y;
  });
  const jit = plan.ptx !== null && !TEGRA.has(own) && atLeast(own, plan.ptx);
  return (
    cubin ||
    (jit &&
      atLeast(
        driverCuda,
        parts(plan.cuda ?? '0')
          .slice(0, 2)
          .join('.'),
      ))
  );
}
const FLOORS: Record<string, string> = { '11': '450.80.02', '12': '525.60.13', '13': '580' };
const branchOf = (driver: string): number => parts(driver)[0] ?? 0;
const cudaOf = (driver: string): string =>
  tables.drivers.branches.findLast((row) => row.branch <= branchOf(driver))?.cuda ?? '0';

/** What a plan violates of the request and the machine; empty when it is right. */
function faults(plan: Plan, request: SolveRequest, host: SolveHost): string[] {
  const row = tables.releases.find((release) => release.version === plan.torch);
  if (!row) return ['no such release'];
  const named = request.cuda !== undefined && !['auto', 'cpu'].includes(request.cuda);
  const rules: [string, boolean][] = [
    ['pairs', plan.torchvision === row.torchvision && plan.torchaudio === row.torchaudio],
    ['platform', plan.platform === host.platform],
    ['python range', atLeast(plan.python, row.python.min) && atLeast(row.python.max, plan.python)],
    ['python asked', request.python === undefined || plan.python === request.python],
    ['torch asked', request.torch === undefined || `${plan.torch}.`.startsWith(`${request.torch}.`)],
    ['glibc', host.glibc === undefined || atLeast(host.glibc, plan.glibc)],
    ['cuda asked', !named || plan.cuda?.startsWith(request.cuda ?? '') === true],
    [
      'cpu only when asked or alone',
      plan.variant !== 'cpu' || request.cuda === 'cpu' || host.gpus.length === 0,
    ],
  ];
  const broken = rules.filter(([, holds]) => !holds).map(([rule]) => rule);
  return plan.variant === 'cpu' ? broken : [...broken, ...cudaFaults(plan, row, host)];
}

function cudaFaults(plan: Plan, row: Release, host: SolveHost): string[] {
  const build = row.variants[plan.variant]?.builds[host.platform];
  const driver = host.driver?.kernelModule;
  const floor = FLOORS[plan.cuda?.split('.')[0] ?? ''] ?? '9999';
  const rules: [string, boolean][] = [
    ['a build', build !== undefined && String(build.architectures) === String(plan.architectures)],
    ['driver floor', driver === undefined || atLeast(driver, floor)],
    ...host.gpus.flatMap((gpu): [string, boolean][] => [
      [`${gpu.computeCapability} runs`, driver === undefined || runs(gpu, plan, cudaOf(driver))],
      [
        `${gpu.computeCapability} driver`,
        driver === undefined || atLeast(gpu.computeCapability, '7.5') || branchOf(driver) <= 580,
      ],
    ]),
  ];
  return rules.filter(([, holds]) => !holds).map(([rule]) => rule);
}

const capabilities = [
  '5.2',
  '6.0',
  '6.1',
  '7.0',
  '7.2',
  '7.5',
  '8.0',
  '8.6',
  '8.7',
  '8.9',
  '9.0',
  '10.0',
  '10.3',
  '11.0',
  '12.0',
  '12.1',
  '13.0',
];
const gpu = fc.constantFrom(...capabilities).map((computeCapability): SolveGpu => ({
  name: `GPU ${computeCapability}`,
  computeCapability,
  class: 'datacenter',
}));
const driverNumber = fc.oneof(
  fc.constantFrom(...tables.drivers.branches.map((row) => `${row.branch}.120.10`)),
  fc
    .tuple(fc.integer({ min: 400, max: 640 }), fc.integer({ min: 10, max: 200 }))
    .map(([a, b]) => `${a}.${b}.05`),
);
const host = fc.record({
  platform: fc.constantFrom('linux/amd64' as const, 'linux/arm64' as const),
  driver: fc.option(
    driverNumber.map((kernelModule) => ({ kernelModule })),
    { nil: undefined },
  ),
  gpus: fc.array(gpu, { maxLength: 3 }),
  glibc: fc.option(fc.constantFrom('2.17', '2.27', '2.28', '2.31', '2.36', '2.39'), { nil: undefined }),
});
const request = fc.record({
  torch: fc.option(
    fc.constantFrom('2', '2.0', '2.5', '2.6', '2.7', '2.7.1', '2.9', '2.11', '2.13', '2.14', '2.15'),
    { nil: undefined },
  ),
  cuda: fc.option(fc.constantFrom('auto', 'cpu', '11.8', '12.6', '12.8', '12', '13.0'), { nil: undefined }),
  python: fc.option(fc.constantFrom('3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14', '3.15'), {
    nil: undefined,
  }),
});
const RUNS = { numRuns: 150 };

const newerGlibc = (machine: SolveHost): SolveHost => ({ ...machine, glibc: '2.41' });
const fewerGpus = (machine: SolveHost): SolveHost => ({ ...machine, gpus: machine.gpus.slice(1) });
/** Up to the last branch of the oldest GPU here: beyond it a newer driver is not more. */
function newerDriver(machine: SolveHost): SolveHost {
  const newest = machine.gpus.some((entry) => !atLeast(entry.computeCapability, '7.5')) ? 580 : 615;
  const now = branchOf(machine.driver?.kernelModule ?? '9999');
  return now < newest ? { ...machine, driver: { kernelModule: `${newest}.200.01` } } : machine;
}

describe('over the whole table', () => {
  it('every plan satisfies every constraint', () => {
    let plans = 0;
    fc.assert(
      fc.property(request, host, (wish, machine) => {
        const result = solve(wish, machine, tables);
        plans += Number(result.ok);
        return !result.ok || faults(result.plan, wish, machine).length === 0;
      }),
      RUNS,
    );
    expect(plans).toBeGreaterThan(10);
  });

  it('every plan offered instead of a refusal is one that solve gives for it', () => {
    let offers = 0;
    fc.assert(
      fc.property(request, host, (wish, machine) => {
        const result = solve(wish, machine, tables);
        const near = result.ok
          ? []
          : result.nearest.filter(({ changes }) => !changes.includes('gpus') && !changes.includes('driver'));
        offers += near.length;
        return near.every(({ plan }) => {
          const again = solve(
            { torch: `${plan.torch}+${plan.variant}`, python: plan.python },
            machine,
            tables,
          );
          return again.ok && canonicalJson(again.plan) === canonicalJson(plan);
        });
      }),
      RUNS,
    );
    expect(offers).toBeGreaterThan(25);
  });

  it('a host with more never loses a plan', () => {
    let widened = 0;
    fc.assert(
      fc.property(
        request,
        host,
        fc.constantFrom(newerGlibc, fewerGpus, newerDriver),
        (wish, machine, widen) => {
          if (!solve(wish, machine, tables).ok) return true;
          widened++;
          return solve(wish, widen(machine), tables).ok;
        },
      ),
      RUNS,
    );
    expect(widened).toBeGreaterThan(10);
  });

  it('the newest release that works is taken', () => {
    let plans = 0;
    fc.assert(
      fc.property(host, (machine) => {
        const result = solve({}, machine, tables);
        const works = tables.releases.filter(
          (release) => solve({ torch: release.version }, machine, tables).ok,
        );
        plans += Number(result.ok);
        return (result.ok ? result.plan.torch : undefined) === works.at(-1)?.version;
      }),
      { numRuns: 20 },
    );
    expect(plans).toBeGreaterThan(1);
  });
});
