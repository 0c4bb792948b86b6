import { describe, expect, it } from 'vitest';
import { loadTables } from '../../compat/index.ts';
import { environmentFindings } from './environmentFindings.ts';

const { tables } = await loadTables();
const GIB = 2 ** 30;

type Steps = Record<string, Record<string, unknown>>;

const HEALTHY: Steps = {
  tools: { compiler: '/usr/bin/g++', c: '/usr/bin/gcc', headers: true, variables: {} },
  memory: { total: 64 * GIB, available: 60 * GIB, limit: null, addressSpace: null },
  workspace: { path: '/workspace', free: 100e9 },
  shm: { total: 8 * GIB, free: 8 * GIB },
  shadowed: {},
  libraries: { own: 30 },
  files: { files: 98, bytes: 5e9, hashedBytes: 5e9 },
  torch: { torch: '2.7.1+cu126' },
  products: {},
  dataLoader: {},
  gloo: {},
  compile: {},
};

function findings(change: Steps, memoryLimit: number | null = null): string[] {
  const steps = Object.fromEntries(
    Object.entries({ ...HEALTHY, ...change }).map(([name, step]) => [name, { ok: true, ms: 1, ...step }]),
  );
  const interpreter = { python: '3.11.2', executable: '/p', compiler: null, headers: true, cores: 2 };
  return environmentFindings({ format: 1, interpreter, steps, ms: 1 }, { tables, memoryLimit }).map(
    ({ id, severity }) => `${severity} ${id}`,
  );
}

const failed = (message: string, kind = 'exception'): Record<string, unknown> => ({
  ok: false,
  error: { kind, message },
});

/** What a card measures. */
const rates = (name: string, bf16: number, copyGBs: number): Record<string, unknown> => ({
  index: 0,
  name,
  tflops: { bf16 },
  copyGBs,
  toDeviceGBs: 50,
  toHostGBs: 50,
});

describe('environmentFindings', () => {
  it('says nothing of a healthy environment', () => expect(findings({})).toEqual([]));

  it.each<[string, Steps, string[]]>([
    [
      'a limit of 200 MB, and what follows of it',
      {
        memory: { ...HEALTHY['memory'], limit: 200 << 20 },
        torch: failed('killed', 'signal'),
        products: failed('killed'),
      },
      ['fail memory-low'],
    ],
    ['3 GiB', { memory: { ...HEALTHY['memory'], limit: 3 * GIB } }, ['warn memory-low']],
    [
      'a limited address space',
      { memory: { ...HEALTHY['memory'], addressSpace: 2 * GIB } },
      ['fail address-space'],
    ],
    [
      '1 MB of shared memory, and what follows of it',
      { shm: { total: 1 << 20 }, dataLoader: failed('Bus error') },
      ['fail shm-small'],
    ],
    ['docker’s 64 MB', { shm: { total: 64 << 20 } }, ['warn shm-small']],
    [
      'a workspace that cannot be written',
      { workspace: { ...failed('cannot write: Permission denied'), path: '/workspace', free: 9e9 } },
      ['fail workspace-unwritable'],
    ],
    ['a full workspace', { workspace: { path: '/workspace', free: 5e7 } }, ['fail workspace-full']],
    [
      'no compiler',
      { tools: { ...HEALTHY['tools'], compiler: null }, compile: failed('Failed to find C compiler') },
      ['fail no-compiler'],
    ],
    ['no headers', { tools: { ...HEALTHY['tools'], headers: false } }, ['warn no-python-headers']],
    ['a stray library', { libraries: failed('stray copies: /x/libcudnn.so.9') }, ['fail stray-libraries']],
    [
      'a damaged library and torch',
      {
        files: failed('libtorch_cpu.so is not what torch brought'),
        torch: failed('invalid ELF header'),
        products: failed('x'),
        gloo: failed('x'),
      },
      ['fail library-corrupt'],
    ],
    ['a wrong product', { products: failed('cuda:0 bf16: relative error 0.4') }, ['fail product-wrong']],
    [
      'torch.py in the workspace',
      { shadowed: failed('hides a module: /workspace/torch.py', 'finding') },
      ['warn module-shadowed'],
    ],
    ['NCCL', { nccl: failed('unhandled system error') }, ['fail nccl-failed']],
  ])('%s', (_name, change, expected) => expect(findings(change)).toEqual(expected));

  it('knows a limit that only the machine outside sees', () => {
    expect(findings({}, 200 << 20)).toEqual(['fail memory-low']);
    expect(findings({}, 8 * GIB)).toEqual([]);
  });

  it('compares a card with its physical limit', () => {
    expect(findings({ 'rates 0': rates('NVIDIA H200', 712, 4100) })).toEqual([]);
    expect(findings({ 'rates 0': rates('NVIDIA H200', 300, 4100) })).toEqual(['warn gpu-slow']);
    expect(findings({ 'rates 0': rates('NVIDIA H200', 712, 2400) })).toEqual(['info gpu-slow']);
    expect(findings({ 'rates 0': rates('Some Unknown Card', 1, 1) })).toEqual([]);
    expect(findings({ 'rates 0': { ...rates('NVIDIA H200', 712, 4100), toHostGBs: 1.5 } })).toEqual([
      'warn link-slow',
    ]);
  });

  it('takes the remedy of a known issue', () => {
    const steps = {
      ok: false,
      ms: 1,
      error: { kind: 'exception', message: 'x.so: undefined symbol: iJIT_NotifyEvent' },
    };
    const interpreter = { python: '3', executable: '/p', compiler: null, headers: true, cores: 2 };
    const [found] = environmentFindings({ format: 1, interpreter, steps: { torch: steps }, ms: 1 });
    expect(found?.remedy).toContain('mkl');
  });

  it.each([[null], [{}], [{ format: 1, steps: { a: 1 } }]])('refuses %j', (raw) => {
    expect(() => environmentFindings(raw)).toThrow(/no readable report/);
  });
});
