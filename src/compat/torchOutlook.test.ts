import { describe, expect, it } from 'vitest';
import { builtin } from './builtin.ts';
import type { SolveHost } from './solveTypes.ts';
import { torchOutlook } from './torchOutlook.ts';

const V100 = { name: 'V100', computeCapability: '7.0', class: 'datacenter' } as const;
const host = (driver: string | null, gpus: SolveHost['gpus'] = []): SolveHost => ({
  platform: 'linux/amd64',
  driver: driver === null ? null : { kernelModule: driver, userMode: driver },
  gpus,
  glibc: '2.36',
});
const request = { torch: '2.7', cuda: 'auto', python: '3.11' };
/** The index's default variants alone, as most machines see them. */
const served = new Map(
  builtin.releases.flatMap(({ version, indexDefault }) =>
    indexDefault['linux/amd64'] ? [[version, new Set([indexDefault['linux/amd64']])] as const] : [],
  ),
);

describe('what of torch could be had', () => {
  it('on a machine that takes anything is the newest, with nothing against it', () => {
    const { wanted, runnable, newest } = torchOutlook(request, host(null), { tables: builtin, served });
    expect(wanted).toMatchObject({ torch: '2.7.1', variant: 'cu126' });
    expect(runnable?.plan.torch).toBe(newest?.version);
    expect(runnable?.reviewed).toBe(true);
    expect(newest?.against).toEqual([]);
  });

  it("on an old card is what its architecture allows, with the solver's reason against the newest", () => {
    const { runnable, newest } = torchOutlook(request, host('580.65', [V100]), { tables: builtin, served });
    expect(runnable?.plan.architectures).toContain('7.0');
    expect(newest?.version).not.toBe(runnable?.plan.torch);
    expect(newest?.against.join()).toMatch(/cu\d+: .*(sm_70|V100)/);
  });

  it('does not take a wish for one CUDA for what the machine allows', () => {
    const { wanted, refusal, runnable } = torchOutlook({ ...request, cuda: '11.8' }, host(null), {
      tables: builtin,
      served,
    });
    expect(wanted).toBeNull();
    expect(refusal.join()).toMatch(/not served|cu118/);
    expect(runnable?.plan.torch).toBe(builtin.releases.at(-1)?.version);
  });

  it('marks a row that was read out of a wheel', () => {
    const [last, ...others] = builtin.releases.toReversed();
    const tables = { ...builtin, releases: [...others.toReversed(), { ...last!, status: 'read' as const }] };
    const { runnable, newest } = torchOutlook(request, host(null), { tables, served });
    expect([runnable?.reviewed, newest?.reviewed]).toEqual([false, false]);
  });

  it('names a release whose wheel could not be read, and never proposes it', () => {
    const unread = [{ version: '9.9.0', why: 'the wheel is cut short' }];
    const { runnable, newest } = torchOutlook(request, host(null), { tables: builtin, served, unread });
    expect(runnable?.plan.torch).toBe(builtin.releases.at(-1)?.version);
    expect(newest).toEqual({ version: '9.9.0', reviewed: false, against: ['the wheel is cut short'] });
  });
});
