import { describe, expect, it } from 'vitest';
import { builtin as tables } from './builtin.ts';
import { hostFromFlags } from './hostFromFlags.ts';
import type { HostFlags } from './hostFromFlags.ts';
import { servedVariants } from './served.ts';
import { solve } from './solve.ts';
import type { SolveOptions, SolveRefusal, SolveRequest, SolveSuccess } from './solveTypes.ts';

const on = (flags: HostFlags) => hostFromFlags(flags, tables);
const versions = tables.releases.map((release) => release.version);
/** A package source that has nothing but the index's default variants. */
const defaults = servedVariants(versions, 'linux/amd64', tables).served;

function good(request: SolveRequest, flags: HostFlags, options?: SolveOptions): SolveSuccess {
  const result = solve(request, on(flags), tables, options);
  if (!result.ok) throw new Error(result.reasons.join('\n'));
  return result;
}
function refused(request: SolveRequest, flags: HostFlags, options?: SolveOptions): SolveRefusal {
  const result = solve(request, on(flags), tables, options);
  if (result.ok) throw new Error(`${result.plan.torch} ${result.plan.variant}`);
  return result;
}
const whyNot = (result: SolveSuccess | SolveRefusal, candidate: string): string | undefined =>
  result.rejected.find((entry) => entry.candidate === candidate)?.why;
const ids = (result: SolveSuccess | SolveRefusal): string[] => result.warnings.map((warning) => warning.id);

describe('the worked examples', () => {
  it.each([
    ['V100', '580', '2.14.1', 'cu126', '2.0.0', 27, '2.10.0'],
    ['P100', '580', '2.14.1', 'cu126', '2.0.0', 27, '2.7.1'],
    ['T4', '535', '2.14.1', 'cu126', '2.0.0', 27, '2.10.0'],
    ['A100', '535', '2.14.1', 'cu126', '2.0.0', 27, '2.10.0'],
    ['RTX 3090', '470', '2.7.1', 'cu118', '2.0.0', 17, '2.0.1'],
    ['RTX 4090', '550', '2.14.1', 'cu126', '2.0.0', 27, '2.10.0'],
    ['H100', '535', '2.14.1', 'cu126', '2.0.0', 27, '2.10.0'],
    ['RTX 5090', '570', '2.13.0', 'cu129', '2.7.0', 9, '2.10.0'],
    ['RTX 5090', '580', '2.15.0', 'cu132', '2.7.0', 13, '2.15.0'],
    ['B200', '570', '2.13.0', 'cu129', '2.7.0', 9, '2.10.0'],
    ['B300', '580', '2.15.0', 'cu132', '2.7.0', 13, '2.15.0'],
  ])('%s with driver %s: %s %s', (gpu, driver, newest, variant, oldest, count, byDefault) => {
    const flags = { gpus: [gpu], driver };
    const result = good({}, flags);
    expect([result.plan.torch, result.plan.variant]).toEqual([newest, variant]);
    const working = [...new Set([result.plan.torch, ...result.outranked.map((entry) => entry.torch)])];
    expect(working).toHaveLength(count);
    expect(working.at(-1)).toBe(oldest);
    expect(good({}, flags, { served: defaults }).plan.torch).toBe(byDefault);
  });
});

describe('what the issue wants shown', () => {
  it('RTX 5090, driver 570.86, torch 2.7: cu128, and why not cu126', () => {
    const result = good({ torch: '2.7' }, { gpus: ['RTX 5090'], driver: '570.86' });
    expect([result.plan.torch, result.plan.variant]).toEqual(['2.7.1', 'cu128']);
    expect(whyNot(result, 'torch 2.7.1 cu126')).toMatch(/no sm_120 code for RTX 5090/);
  });

  it('the same with the default variants only: refused, with what works', () => {
    const result = refused({ torch: '2.7' }, { gpus: ['RTX 5090'], driver: '570.86' }, { served: defaults });
    expect(whyNot(result, 'torch 2.7.1 cu128')).toMatch(/does not serve it.*cu126/);
    expect(whyNot(result, 'torch 2.7.1 cu126')).toMatch(/no sm_120 code/);
    expect(result.nearest[0]).toMatchObject({
      changes: ['torch'],
      plan: { torch: '2.8.0', variant: 'cu128' },
    });
    expect(result.nearest[1]).toMatchObject({
      changes: ['source'],
      plan: { torch: '2.7.1', variant: 'cu128' },
    });
  });

  it('what --force would take is told, with what breaks by it', () => {
    const result = refused({ torch: '2.7' }, { gpus: ['RTX 5090'], driver: '570.86' }, { served: defaults });
    expect(result.forced).toMatchObject({
      plan: { torch: '2.7.1', variant: 'cu126' },
      breaks: [{ code: 'architecture' }],
    });
    expect(refused({ torch: '3.1' }, { gpus: ['RTX 5090'], driver: '570.86' }).forced).toBeNull();
  });

  it('V100, driver 580: cu126, and why cu130 is wrong though the driver reports CUDA 13', () => {
    const result = good({}, { gpus: ['V100'], driver: '580' });
    expect(result.plan.variant).toBe('cu126');
    expect(whyNot(result, 'torch 2.14.1 cu130')).toMatch(
      /no sm_70 code for V100.*CUDA 13 builds for nothing below 7\.5/,
    );
  });

  it('RTX 3090, driver 470: 2.7.1 cu118 with the torch.compile warning', () => {
    const result = good({}, { gpus: ['RTX 3090'], driver: '470' });
    expect(ids(result)).toContain('cu118_triton');
    expect(
      refused({ features: ['compile'] }, { gpus: ['RTX 3090'], driver: '470' }).nearest.map(
        (near) => near.changes,
      ),
    ).toContainEqual(['features']);
  });

  it.each(versions)('torch %s is never paired with a torchaudio of another number', (version) => {
    const { plan } = good({ torch: version }, {});
    const own: Record<string, string> = { '2.0.0': '2.0.1', '2.0.1': '2.0.2' };
    expect([own[version] ?? version, null]).toContain(plan.torchaudio);
  });
});

describe('a host without GPU', () => {
  it('gives the v2.7 preset its whole plan, NVIDIA pins included', () => {
    const { plan, warnings } = good({ torch: '==2.7.1', cuda: '12.6', python: '3.11' }, { glibc: '2.36' });
    expect(plan).toEqual({
      torch: '2.7.1',
      torchvision: '0.22.1',
      torchaudio: '2.7.1',
      triton: '3.3.1',
      variant: 'cu126',
      cuda: '12.6.3',
      cudnn: '9.5.1.17',
      nccl: '2.26.2',
      python: '3.11',
      platform: 'linux/amd64',
      driverFloor: '525.60.13',
      architectures: ['5.0', '6.0', '7.0', '7.5', '8.0', '8.6', '9.0'],
      ptx: null,
      glibc: '2.28',
      nvidia: {
        'nvidia-cublas-cu12': '12.6.4.1',
        'nvidia-cuda-cupti-cu12': '12.6.80',
        'nvidia-cuda-nvrtc-cu12': '12.6.77',
        'nvidia-cuda-runtime-cu12': '12.6.77',
        'nvidia-cudnn-cu12': '9.5.1.17',
        'nvidia-cufft-cu12': '11.3.0.4',
        'nvidia-cufile-cu12': '1.11.1.6',
        'nvidia-curand-cu12': '10.3.7.77',
        'nvidia-cusolver-cu12': '11.7.1.2',
        'nvidia-cusparse-cu12': '12.5.4.2',
        'nvidia-cusparselt-cu12': '0.6.3',
        'nvidia-nccl-cu12': '2.26.2',
        'nvidia-nvjitlink-cu12': '12.6.85',
        'nvidia-nvtx-cu12': '12.6.77',
      },
    });
    expect(warnings).toEqual([]);
  });

  it('takes the default variant for auto, so that one image serves both kinds of host', () => {
    expect(good({ torch: '2.7' }, {}).plan.variant).toBe('cu126');
    expect(good({ torch: '2.7', cuda: 'cpu' }, {}).plan).toMatchObject({
      variant: 'cpu',
      cuda: null,
      triton: null,
      driverFloor: null,
      nvidia: {},
    });
    expect(good({ torch: '2.7.1+cu128' }, {}).plan.variant).toBe('cu128');
  });

  it('leaves a GPU without NVIDIA driver out, and says so', () => {
    const result = solve({ torch: '2.7' }, { ...on({ gpus: ['RTX 5090'] }), driver: null }, tables);
    expect(result).toMatchObject({ ok: true, plan: { variant: 'cu126' } });
    expect(ids(result)).toContain('no-driver');
  });
});

describe('wishes', () => {
  const a100 = { gpus: ['A100'], driver: '580' };
  it.each([
    ['2.7', '2.7.1'],
    ['2.7.0', '2.7.0'],
    ['==2.7.*', '2.7.1'],
    ['>=2.6,<2.8', '2.7.1'],
    ['~=2.6', '2.15.0'],
    ['torch==2.7.1', '2.7.1'],
    ['latest', '2.15.0'],
  ])('torch %s means %s', (wish, version) => {
    expect(good({ torch: wish }, a100).plan.torch).toBe(version);
  });

  it.each([
    ['12.6', 'cu126'],
    ['12.6.3', 'cu126'],
    ['cu128', 'cu128'],
    ['12', 'cu126'],
  ])('CUDA %s means %s', (wish, variant) => {
    expect(good({ torch: '2.7.1', cuda: wish }, a100).plan.variant).toBe(variant);
  });

  it('lower bounds of packages count, and are named', () => {
    const lowerBounds = [{ package: 'transformers', specifier: '>=2.8' }];
    const result = refused({ torch: '2.7', lowerBounds }, a100);
    expect(whyNot(result, 'torch 2.7.1 cu126')).toBe('transformers wants torch>=2.8');
    expect(result.nearest[0]?.plan.torch).toBe('2.8.0');
  });

  it('a companion without release refuses, as torchaudio after 2.11 does', () => {
    expect(good({ companions: ['torchaudio'] }, a100).plan).toMatchObject({
      torch: '2.11.0',
      torchaudio: '2.11.0',
    });
  });

  it('Python and glibc bound the choice', () => {
    expect(good({ python: '3.9' }, a100).plan.torch).toBe('2.8.0');
    expect(good({}, { ...a100, glibc: '2.27' }).plan).toMatchObject({ torch: '2.6.0', variant: 'cu124' });
    expect(refused({ torch: '2.7' }, { ...a100, glibc: '2.27' }).rejected[0]?.reasons[0]?.code).toBe('glibc');
  });

  it.each([
    [{ torch: 'two' }, 'RIG-COMPAT-003'],
    [{ cuda: 'thirteen' }, 'RIG-COMPAT-004'],
    [{ python: '2.7' }, 'RIG-COMPAT-005'],
    [{ lowerBounds: [{ package: 'x', specifier: 'new' }] }, 'RIG-COMPAT-006'],
  ])('%j cannot be read', (request, code) => {
    expect(() => solve(request, on({}), tables)).toThrow(expect.objectContaining({ code, exitCode: 2 }));
  });

  it('a release that nobody knows is refused, with the nearest', () => {
    const result = refused({ torch: '3.1' }, a100);
    expect(result.reasons[0]).toMatch(/know no release/);
    expect(result.nearest[0]?.plan.torch).toBe('2.15.0');
  });
});

describe('drivers', () => {
  it('one that is newer than the table is a warning, not a refusal', () => {
    const result = good({}, { gpus: ['H100'], driver: '999.10' });
    expect(result.plan.torch).toBe('2.15.0');
    expect(ids(result)).toContain('driver-newer-than-table');
  });

  it('the last branch of a generation is known', () => {
    expect(refused({}, { gpus: ['V100'], driver: '590' }).rejected[0]?.why).toMatch(
      /580 is the last branch for Maxwell, Pascal and Volta/,
    );
  });

  it('an older driver is offered where the newer one has dropped the GPU', () => {
    const [near] = refused({}, { gpus: ['V100'], driver: '590.48.01' }).nearest;
    expect(near).toMatchObject({
      change: 'driver 580, which still knows the GPU',
      plan: { variant: 'cu126' },
    });
  });

  it('one that does not know the GPU yet is refused, with the branch that does', () => {
    const result = refused({}, { gpus: ['RTX 5090'], driver: '550' });
    expect(result.rejected.some((entry) => /first branch for it is 570/.test(entry.why))).toBe(true);
    expect(result.nearest).toContainEqual(expect.objectContaining({ change: 'driver 570 or newer' }));
  });

  it('kernel module and libraries that disagree stop everything', () => {
    const host = {
      ...on({ gpus: ['RTX 4090'] }),
      driver: { kernelModule: '570.86.10', userMode: '550.54.15' },
    };
    const result = solve({}, host, tables);
    expect(result).toMatchObject({ ok: false });
    expect(result.reasons).toHaveLength(1);
    expect(result.reasons[0]).toMatch(/^all \d+ candidates: .*error 803/);
  });

  it('forward compatibility: on a data-centre GPU yes, on GeForce no', () => {
    const driver = { kernelModule: '535.104.05', userMode: '580.65.06' };
    const h100 = solve({}, { ...on({ gpus: ['H100'] }), driver }, tables);
    expect(h100).toMatchObject({ ok: true, plan: { torch: '2.15.0' } });
    expect(ids(h100)).toContain('forward-compatibility');
    const geforce = solve({}, { ...on({ gpus: ['RTX 4090'] }), driver }, tables);
    expect(geforce.rejected[0]?.why).toMatch(/error 804/);
    const offered = good(
      { torch: '2.14', cuda: '13.0' },
      { gpus: ['H100'], driver: '535' },
      { forwardCompatibility: true },
    );
    expect(offered.warnings.map((warning) => warning.text).join()).toMatch(/cuda-compat-13-0/);
    expect(
      refused(
        { torch: '2.14', cuda: '13.0' },
        { gpus: ['RTX 4090'], driver: '535' },
        { forwardCompatibility: true },
      ).rejected,
    ).toHaveLength(2);
  });

  it('on WSL the libraries decide alone', () => {
    const host = {
      ...on({ gpus: ['RTX 4090'] }),
      wsl: true,
      driver: { kernelModule: '510.10', userMode: '580.65' },
    };
    expect(solve({ torch: '2.14' }, host, tables)).toMatchObject({ ok: true, plan: { variant: 'cu130' } });
  });

  it('an unknown driver is not checked, and that is said', () => {
    expect(ids(good({}, { gpus: ['H100'] }))).toContain('driver-unknown');
  });
});

describe('GPUs', () => {
  it('PTX is the last resort, and never from a toolkit newer than the driver', () => {
    const future = { computeCapabilities: ['13.0'] };
    const result = good({ torch: '2.14' }, { ...future, driver: '595' });
    expect(result.plan.variant).toBe('cu132');
    expect(ids(result)).toContain('ptx-jit');
    expect(
      whyNot(refused({ torch: '2.14', cuda: '13.2' }, { ...future, driver: '580' }), 'torch 2.14.1 cu132'),
    ).toMatch(/error 222/);
  });

  it('different GPUs in one machine must all be served', () => {
    expect(good({}, { gpus: ['V100', 'RTX 5090'], driver: '580' }).plan).toMatchObject({
      torch: '2.10.0',
      variant: 'cu128',
    });
    const none = refused({}, { gpus: ['P100', 'RTX 5090'], driver: '580' });
    expect(none.nearest).toContainEqual(expect.objectContaining({ changes: ['gpus'] }));
  });

  it('aarch64: GH200 and DGX Spark yes, Jetson kindly not', () => {
    expect(good({}, { gpus: ['GH200'], driver: '580', platform: 'linux/arm64' }).plan).toMatchObject({
      torch: '2.15.0',
      variant: 'cu132',
      platform: 'linux/arm64',
    });
    expect(good({}, { gpus: ['GB10'], driver: '580', platform: 'linux/arm64' }).plan.torch).toBe('2.15.0');
    expect(
      refused({}, { gpus: ['Jetson AGX Orin'], platform: 'linux/arm64' }).rejected.find(
        (entry) => entry.variant === 'cu130',
      )?.why,
    ).toMatch(/JetPack/);
  });

  it('what is not known is refused, never guessed', () => {
    const result = refused(
      { torch: '2.13', cuda: '12.9' },
      { gpus: ['GH200'], driver: '580', platform: 'linux/arm64' },
    );
    expect(result.rejected[0]?.why).toMatch(/not known; `rig compat learn torch==2\.13\.0`/);
  });

  it('features that a GPU lacks are refused with its name', () => {
    const result = refused({ features: ['fp8'] }, { gpus: ['A100'], driver: '580' });
    expect(result.reasons.join()).toMatch(/fp8 wants compute capability 8\.9 or newer, A100 has 8\.0/);
    expect(good({}, { gpus: ['P100'], driver: '580' }).warnings.map((warning) => warning.id)).toContain(
      'triton_min_cc',
    );
  });

  it('MIG is said', () => {
    expect(ids(good({}, { gpus: ['NVIDIA A100-SXM4-40GB MIG 1g.5gb'], driver: '580' }))).toContain(
      'mig_multi',
    );
  });
});

it('takes a few milliseconds', () => {
  const host = on({ gpus: ['RTX 5090'], driver: '570.86' });
  const times = Array.from({ length: 15 }, () => {
    const start = performance.now();
    solve({}, host, tables);
    solve({ torch: '2.7' }, host, tables, { served: defaults });
    return (performance.now() - start) / 2;
  });
  // the quickest: on a busy machine the others measure the neighbours
  expect(Math.min(...times)).toBeLessThan(5);
});
