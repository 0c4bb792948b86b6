import { describe, expect, it } from 'vitest';
import { builtin as tables } from './builtin.ts';
import { findGpu, nearestGpuNames } from './gpuNames.ts';
import { hostFromFlags } from './hostFromFlags.ts';
import { driverReaches, parseComputeCapability, parseDriver } from './versions.ts';

describe('GPU names', () => {
  it.each([
    ['RTX 5090', 'RTX 5090', '12.0'],
    ['NVIDIA GeForce RTX 5090', 'RTX 5090', '12.0'],
    ['rtx4090', 'RTX 4090', '8.9'],
    ['3080ti', 'RTX 3080 Ti', '8.6'],
    ['V100', 'V100 SXM2', '7.0'],
    ['Tesla V100-PCIE-16GB', 'V100 PCIe', '7.0'],
    ['H100 80GB HBM3', 'H100 SXM5', '9.0'],
    ['NVIDIA H100 PCIe', 'H100 PCIe', '9.0'],
    ['NVIDIA A100-SXM4-80GB', 'A100 80GB SXM', '8.0'],
    ['NVIDIA A100-SXM4-40GB MIG 1g.5gb', 'A100 40GB', '8.0'],
    ['NVIDIA RTX 6000 Ada Generation', 'RTX 6000 Ada', '8.9'],
    ['Quadro RTX 6000', 'Quadro RTX 6000', '7.5'],
    ['NVIDIA RTX A6000', 'RTX A6000', '8.6'],
    ['NVIDIA TITAN RTX', 'Titan RTX', '7.5'],
    ['DGX Spark', 'GB10 (DGX Spark)', '12.1'],
    ['GB300', 'B300 / GB300', '10.3'],
    ['Orin (nvgpu)', 'Jetson AGX Orin 64GB', '8.7'],
    ['NVIDIA RTX PRO 6000 Blackwell Server Edition', 'RTX PRO 6000 Blackwell Server', '12.0'],
  ])('%s is %s', (name, row, computeCapability) => {
    expect(findGpu(name, tables.gpus)?.gpu).toMatchObject({ name: row, computeCapability });
  });

  it('every name of the table finds its own row', () => {
    const lost = tables.gpus.filter((gpu) => findGpu(gpu.name, tables.gpus)?.gpu !== gpu);
    expect(lost).toEqual([]);
  });

  it('a slower sibling is told apart, so that nobody measures a laptop by the desktop', () => {
    expect(findGpu('NVIDIA GeForce RTX 4090 Laptop GPU', tables.gpus)).toMatchObject({
      sibling: true,
      gpu: { name: 'RTX 4090' },
    });
    expect(findGpu('RTX 4090', tables.gpus)?.sibling).toBe(false);
  });

  it.each(['RTX 9090', 'RTX', 'RTX 6000', 'Radeon 7900', 'A1000000', ''])(
    '"%s" is nothing, and names are offered',
    (name) => {
      expect(findGpu(name, tables.gpus)).toBeUndefined();
      expect(nearestGpuNames(name, tables.gpus)).toHaveLength(3);
      expect(() => hostFromFlags({ gpus: [name] }, tables)).toThrow(
        expect.objectContaining({ code: 'RIG-COMPAT-002', exitCode: 2 }),
      );
    },
  );

  it('offers what is close', () => {
    expect(nearestGpuNames('RTX 9090', tables.gpus)).toContain('RTX 5090');
    expect(nearestGpuNames('RTX 6000', tables.gpus)).toContain('RTX 6000 Ada');
  });
});

describe('the rest of the flags', () => {
  it.each(['banana', '12.8', '570.86.10.1', '57O', '', '-1', '570.86-open'])(
    'driver "%s" is refused',
    (driver) => {
      expect(() => hostFromFlags({ driver }, tables)).toThrow(
        expect.objectContaining({ code: 'RIG-COMPAT-001', exitCode: 2 }),
      );
    },
  );

  it('drivers are compared as far as they were given', () => {
    expect(parseDriver(' 535.104.05\n')).toBe('535.104.05');
    expect(driverReaches('525', '525.60.13')).toBe(true);
    expect(driverReaches('525.53', '525.60.13')).toBe(false);
    expect(driverReaches('525.147.05', '525.60.13')).toBe(true);
    expect(driverReaches('470.256.02', '525.60.13')).toBe(false);
  });

  it.each([
    ['8.9', '8.9'],
    ['89', '8.9'],
    ['sm_120', '12.0'],
    ['compute_90', '9.0'],
    ['sm_90a', '9.0'],
    ['10.1', '11.0'],
    ['ada', undefined],
    ['8.9.1', undefined],
  ])('compute capability %s is %s', (text, value) => {
    expect(parseComputeCapability(text)).toBe(value);
  });

  it.each([
    [{ computeCapabilities: ['ada'] }, 'RIG-COMPAT-007'],
    [{ platform: 'windows' }, 'RIG-COMPAT-008'],
    [{ glibc: 'new' }, 'RIG-COMPAT-009'],
  ])('%j is refused', (flags, code) => {
    expect(() => hostFromFlags(flags, tables)).toThrow(expect.objectContaining({ code, exitCode: 2 }));
  });

  it('no GPU and no driver is a CPU host', () => {
    expect(hostFromFlags({ platform: 'aarch64' }, tables)).toEqual({
      platform: 'linux/arm64',
      gpus: [],
      driver: null,
      glibc: undefined,
    });
  });
});
