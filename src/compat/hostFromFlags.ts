import { EXIT, RigError } from '../kernel/index.ts';
import { findGpu, nearestGpuNames } from './gpuNames.ts';
import type { SolveGpu, SolveHost } from './solveTypes.ts';
import type { CompatTables, Platform } from './tables.ts';
import { parseComputeCapability, parseDriver } from './versions.ts';

/** A machine described on the command line. */
export interface HostFlags {
  gpus?: readonly string[] | undefined;
  computeCapabilities?: readonly string[] | undefined;
  driver?: string | undefined;
  glibc?: string | undefined;
  platform?: string | undefined;
}

function gpuOf(name: string, tables: CompatTables): SolveGpu {
  const found = findGpu(name, tables.gpus);
  if (found) {
    const { gpu } = found;
    return { name, computeCapability: gpu.computeCapability, class: gpu.class, mig: /\bmig\b/i.test(name) };
  }
  const near = nearestGpuNames(name, tables.gpus);
  throw new RigError('RIG-COMPAT-002', `no GPU is called "${name}"`, {
    why: `Nearest names: ${near.join(', ')}.`,
    hint: `--gpu "${near[0] ?? 'RTX 4090'}", or --compute-capability for a card that is not listed`,
    exitCode: EXIT.usage,
    details: { nearest: near },
  });
}

function capabilityOf(text: string): SolveGpu {
  const computeCapability = parseComputeCapability(text);
  if (computeCapability !== undefined)
    return { name: `compute capability ${computeCapability}`, computeCapability, class: 'datacenter' };
  throw new RigError('RIG-COMPAT-007', `"${text}" is not a compute capability`, {
    why: '8.9, 12.0 or sm_120 is meant.',
    exitCode: EXIT.usage,
  });
}

function platformOf(text: string | undefined): Platform {
  const wish = (text ?? 'linux/amd64').toLowerCase();
  if (['linux/amd64', 'linux/x86_64', 'amd64', 'x86_64'].includes(wish)) return 'linux/amd64';
  if (['linux/arm64', 'linux/aarch64', 'arm64', 'aarch64'].includes(wish)) return 'linux/arm64';
  throw new RigError('RIG-COMPAT-008', `"${text}" is not a platform that rig builds for`, {
    hint: '--platform linux/amd64 or --platform linux/arm64',
    exitCode: EXIT.usage,
  });
}

/**
 * The host that `rig compat --gpu ... --driver ...` describes.
 * @throws RigError RIG-COMPAT-001, 002, 007, 008, 009 (exit 2)
 */
export function hostFromFlags(flags: HostFlags, tables: CompatTables): SolveHost {
  if (flags.glibc !== undefined && !/^2\.\d{1,2}$/.test(flags.glibc.trim()))
    throw new RigError('RIG-COMPAT-009', `"${flags.glibc}" is not a glibc version`, {
      hint: '--glibc 2.31',
      exitCode: EXIT.usage,
    });
  const gpus = [
    ...(flags.gpus ?? []).map((name) => gpuOf(name, tables)),
    ...(flags.computeCapabilities ?? []).map(capabilityOf),
  ];
  const driver = flags.driver === undefined ? undefined : { kernelModule: parseDriver(flags.driver) };
  return {
    platform: platformOf(flags.platform),
    gpus,
    driver: driver ?? (gpus.length === 0 ? null : undefined),
    glibc: flags.glibc?.trim(),
  };
}
