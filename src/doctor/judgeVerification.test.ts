import { describe, expect, it } from 'vitest';
import type { Plan } from '../compat/index.ts';
import type { Lock } from '../lock/index.ts';
import { judgeVerification } from './judgeVerification.ts';

const plan: Plan = {
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
  architectures: ['9.0'],
  ptx: null,
  glibc: '2.28',
  nvidia: {},
};

const wheel = (name: string): Lock['python'][number] => ({
  name,
  version: '2.7.1',
  file: `${name}.whl`,
  size: 1,
  sha256: 'a'.repeat(64),
});

function lockOf(plan: Plan | null, more: string[] = []): Lock {
  return {
    format: 1,
    platform: 'linux/amd64',
    epoch: 0,
    asked: {
      torch: null,
      cuda: 'auto',
      python: '3.11',
      packages: { python: [], debian: [] },
      base: 'debian:12',
    },
    plan,
    python: plan ? ['torch', ...more].map(wheel) : [],
    debian: [],
    image: null,
  };
}

type Put = (path: string, value: unknown) => void;

/** What the script prints on a good CPU machine; `change` breaks it. Undefined removes. */
function reportWith(change: (put: Put) => void = () => {}): unknown {
  const report = {
    format: 1,
    interpreter: {
      python: '3.11.2',
      executable: '/e/bin/python',
      compiler: '/usr/bin/gcc',
      headers: true,
      cores: 2,
    },
    steps: {
      torch: {
        ok: true,
        ms: 9,
        torch: '2.7.1+cu126',
        cuda: '12.6',
        cudnn: '9.5.1',
        nccl: '2.26.2',
        triton: '3.3.1',
        archList: [],
      },
      gpus: {
        ok: true,
        ms: 1,
        available: false,
        gpus: [],
        driver: { found: false, why: 'libcuda.so.1: no such file' },
      },
      matmul: { ok: true, ms: 20, device: 'cpu', n: 2000, productMs: 12.5, maxError: 7e-5 },
      compile: { ok: true, ms: 7000, device: 'cpu', maxError: 3e-7 },
    },
    imports: { torch: { ok: true, ms: 1500, version: '2.7.1', modules: ['torch'] } },
    ms: 9000,
  };
  change((path, value) => {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const holder = keys.reduce<object>((at, key) => Reflect.get(at, key) as object, report);
    if (value === undefined) Reflect.deleteProperty(holder, last);
    else Reflect.set(holder, last, value);
  });
  return report;
}

const idsOf = (raw: unknown, lock = lockOf(plan), options = {}): string[] =>
  judgeVerification(raw, lock, options).findings.map(({ id }) => id);

describe('judgeVerification', () => {
  it('gives the contract fields of a good environment', () => {
    expect(judgeVerification(reportWith(), lockOf(plan))).toMatchObject({
      ok: true,
      torch: '2.7.1+cu126',
      cuda: '12.6',
      cudnn: '9.5.1',
      nccl: '2.26.2',
      device: 'cpu',
      gpus: [],
      matmul: { n: 2000, ms: 12.5, maxError: 7e-5 },
      findings: [],
    });
  });

  it('tells what the kernel killed as one finding, with the limit where there is one', () => {
    const error = { kind: 'signal', signal: 'SIGKILL', message: 'the process was killed by SIGKILL' };
    const raw = reportWith((put) => {
      put('steps.torch', { ok: false, ms: 9, error });
      put('steps.matmul', { ok: false, ms: 9, error });
      put('imports.torch', { ok: false, ms: 9, error });
    });
    const { ok, findings } = judgeVerification(raw, lockOf(plan), { memoryLimit: 500 << 20 });
    expect(ok).toBe(false);
    expect(findings).toMatchObject([
      { id: 'memory-low', severity: 'fail', title: expect.stringContaining('500 MiB') },
    ]);
    expect(findings[0]?.evidence).toBe(
      'cgroup limit 524288000 bytes; killed by the kernel (SIGKILL): torch, matmul, import of torch',
    );
    expect(idsOf(raw)).toEqual(['memory-low']);
    const untried = reportWith((put) => {
      put('steps', {});
      put('imports', {});
    });
    expect(idsOf(untried, lockOf(plan), { memoryLimit: 200 << 20 })).toEqual(['memory-low']);
    expect(idsOf(reportWith(), lockOf(plan), { memoryLimit: 2 ** 31 })).toEqual(['memory-low']);
    expect(idsOf(reportWith(), lockOf(plan), { memoryLimit: 2 ** 33 })).toEqual([]);
  });

  it.each([
    ['torch', '2.7.0+cu126'],
    ['torch', '2.7.1+cpu'],
    ['cuda', '12.8'],
    ['cudnn', '9.1.0'],
    ['cudnn', null],
    ['nccl', '2.26.20'],
    ['triton', null],
  ])('%s %s is not what the lock says', (field, value) => {
    const raw = reportWith((put) => put(`steps.torch.${field}`, value));
    const result = judgeVerification(raw, lockOf(plan));
    expect(result.ok).toBe(false);
    expect(result.findings[0]?.evidence).toContain('locked');
  });

  it('compares Python too', () => {
    expect(idsOf(reportWith((put) => put('interpreter.python', '3.12.1')))).toEqual(['versions-differ']);
  });

  it('warns of a package that was changed inside, and stays ok', () => {
    const raw = reportWith((put) => put('imports.torch.version', '2.7.9'));
    expect(judgeVerification(raw, lockOf(plan))).toMatchObject({
      ok: true,
      findings: [{ id: 'packages-drifted' }],
    });
  });

  it('puts a broken torch before a broken import, and takes the remedy of a known issue', () => {
    const raw = reportWith((put) => {
      const error = {
        kind: 'exception',
        type: 'OSError',
        message: 'x.so: undefined symbol: torch_library_impl',
      };
      put('imports.torchaudio', { ok: false, ms: 1, error });
      put('steps.compile', {
        ok: false,
        ms: 1,
        error: { kind: 'exception', message: 'Failed to find C compiler.' },
      });
      put('steps.matmul', {
        ok: false,
        ms: 1,
        error: { kind: 'signal', signal: 'SIGKILL', message: 'killed' },
      });
    });
    const { findings, ok } = judgeVerification(raw, lockOf(plan, ['torchaudio']));
    expect(ok).toBe(false);
    expect(findings.map(({ id }) => id)).toEqual(['memory-low', 'compile-failed', 'import-failed']);
    expect(findings[1]?.remedy).toContain('g++');
    expect(findings[2]?.remedy).toContain('rig lock');
  });

  it('misses GPUs that the environment was given', () => {
    expect(idsOf(reportWith(), lockOf(plan), { gpus: 2 })).toEqual(['gpus-missing']);
  });

  it('is never ok when a step left no result', () => {
    expect(idsOf(reportWith((put) => put('steps.matmul', undefined)))).toEqual(['matmul-wrong']);
  });

  it('is never ok when a package of the lock left no result, and tells many together', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { findings, ok } = judgeVerification(reportWith(), lockOf(plan, names));
    expect(ok).toBe(false);
    expect(findings.map(({ title }) => title)).toEqual([
      ...['a', 'b', 'c', 'd'].map((name) => `${name} cannot be imported`),
      '2 more packages cannot be imported',
    ]);
  });

  it('asks nothing of torch where the lock has none', () => {
    const raw = reportWith((put) => {
      put('steps', {});
      put('imports', {});
    });
    expect(judgeVerification(raw, lockOf(null))).toMatchObject({ ok: true, torch: null, matmul: null });
  });

  it.each([[null], [{}], [{ format: 2 }], ['text']])('refuses %j', (raw) => {
    expect(() => judgeVerification(raw, lockOf(plan))).toThrow(/no readable report/);
  });
});
