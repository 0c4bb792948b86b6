import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../host/index.ts';
import { builtin as tables } from './builtin.ts';
import { solve } from './solve.ts';
import { toSolveHost } from './toSolveHost.ts';

interface Machine {
  driver?: Partial<HostFacts['driver']>;
  gpus?: Partial<HostFacts['gpus'][number]>[];
  system?: Partial<HostFacts['system']>;
  unknown?: Record<string, string>;
}
/** The parts of a machine's facts that the solver looks at. */
function facts({ driver, gpus = [], system, unknown = {} }: Machine): HostFacts {
  const card = { name: null, bus: null, computeCapability: null, boundTo: 'nvidia', mig: null };
  return {
    system: { platform: 'linux/amd64', wsl: null, jetson: null, ...system },
    driver: { kernel: null, userMode: null, ...driver },
    gpus: gpus.map((gpu, index) => Object.assign({ index }, card, gpu)),
    unknown,
  } as unknown as HostFacts;
}

describe('host facts as the solver sees them', () => {
  it('driver and GPUs, compute capability from the name where the driver does not tell', () => {
    const { host, warnings } = toSolveHost(
      facts({
        driver: { kernel: '570.86.10', userMode: '570.86.10' },
        gpus: [
          { name: 'NVIDIA GeForce RTX 5090' },
          { name: 'NVIDIA A100-SXM4-40GB', computeCapability: '8.0', mig: { enabled: true, instances: [] } },
        ],
      }),
      tables,
    );
    expect(host.driver).toEqual({ kernelModule: '570.86.10', userMode: '570.86.10' });
    expect(host.gpus).toEqual([
      { name: 'NVIDIA GeForce RTX 5090', computeCapability: '12.0', mig: false },
      { name: 'NVIDIA A100-SXM4-40GB', computeCapability: '8.0', mig: true },
    ]);
    expect(warnings).toEqual([]);
  });

  it('no driver is none, an unreadable one is unknown', () => {
    expect(toSolveHost(facts({}), tables).host.driver).toBeNull();
    expect(
      toSolveHost(facts({ unknown: { 'driver.kernel': 'EACCES' } }), tables).host.driver,
    ).toBeUndefined();
  });

  it('leaves out cards that are given to a virtual machine, and says which it cannot judge', () => {
    const { host, warnings } = toSolveHost(
      facts({
        driver: { kernel: '580.65.06' },
        gpus: [{ name: 'NVIDIA H100 PCIe', boundTo: 'vfio-pci' }, { bus: '0000:02:00.0' }],
      }),
      tables,
    );
    expect(host.gpus).toEqual([]);
    expect(warnings).toMatchObject([
      { id: 'gpu-unknown', text: expect.stringContaining('0000:02:00.0') as string },
    ]);
  });

  it('a Jetson is refused kindly', () => {
    const { host } = toSolveHost(
      facts({
        system: { platform: 'linux/arm64', jetson: 'NVIDIA Jetson AGX Orin Developer Kit' },
        driver: { kernel: '540.4.0' },
      }),
      tables,
    );
    const result = solve({}, host, tables);
    expect(result.ok).toBe(false);
    expect(result.rejected.some((entry) => entry.why.includes('JetPack'))).toBe(true);
  });

  it('WSL goes by its user-mode driver', () => {
    const { host } = toSolveHost(
      facts({
        system: { wsl: 2 },
        driver: { userMode: '580.88' },
        gpus: [{ name: 'NVIDIA GeForce RTX 4090 Laptop GPU' }],
      }),
      tables,
    );
    expect(solve({ torch: '2.14' }, host, tables)).toMatchObject({ ok: true, plan: { variant: 'cu130' } });
  });
});
