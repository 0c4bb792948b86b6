import { gpuClassOf } from './gpuNames.ts';
import type { Reason, SolveGpu, SolveHost, Warning } from './solveTypes.ts';
import type { DriverFacts } from './tables.ts';
import { compareDotted, driverReaches, major, parseDriver } from './versions.ts';

/** The driver as CUDA programs meet it. */
export interface DriverView {
  /** `none`: no NVIDIA driver; `unknown`: not told, nothing is checked. */
  state: 'present' | 'none' | 'unknown';
  /** What decides which CUDA may run: the user-mode libraries where they differ from the kernel module. */
  version: string | undefined;
  kernelModule: string | undefined;
  /** Newest CUDA the driver knows itself; undefined below the table. */
  cuda: string | undefined;
  /** It keeps every CUDA program from running. */
  broken: Reason | undefined;
  warnings: Warning[];
}

export const isConsumer = (gpu: SolveGpu): boolean =>
  ['geforce', 'titan'].includes(gpu.class ?? gpuClassOf(gpu.name));

/** CUDA that a driver branch knows; a branch between two rows counts as the lower one. */
export function cudaOfDriver(driver: string, facts: DriverFacts): string | undefined {
  return facts.branches.findLast((row) => row.branch <= major(driver))?.cuda;
}

/** Kernel branches on which the forward-compatibility package of a CUDA minor is supported. */
export function forwardBranches(cuda: string, facts: DriverFacts): number[] | undefined {
  return facts.forward.find((row) => compareDotted(row.cuda, cuda) === 0)?.branches;
}

function mismatch(kernel: string, user: string, host: SolveHost, facts: DriverFacts): Reason | undefined {
  const disagree = `kernel module ${kernel} and user-mode libraries ${user} disagree`;
  if (major(user) <= major(kernel)) {
    return {
      code: 'driver-mismatch',
      why: `${disagree} (CUDA error 803): reboot, or reload the modules, and restart containers`,
    };
  }
  const consumer = host.gpus.find(isConsumer);
  if (consumer) {
    return {
      code: 'forward-compatibility',
      why: `${disagree}, and forward compatibility does not exist for ${consumer.name} (CUDA error 804)`,
    };
  }
  const cuda = cudaOfDriver(user, facts);
  const allowed = cuda === undefined ? undefined : forwardBranches(cuda, facts);
  if (allowed && !allowed.includes(major(kernel))) {
    return {
      code: 'forward-compatibility',
      why: `${disagree}; forward compatibility of CUDA ${cuda} is supported on kernel drivers ${allowed.join(', ')} only`,
    };
  }
  return undefined;
}

function aboveTable(driver: string, facts: DriverFacts): Warning[] {
  const newest = facts.branches.at(-1);
  if (newest === undefined || major(driver) <= newest.branch) return [];
  return [
    {
      id: 'driver-newer-than-table',
      text: `driver ${driver} is newer than the table (branch ${newest.branch}, CUDA ${newest.cuda}); newer drivers run what older ones do, \`rig compat update\` brings newer tables`,
    },
  ];
}

/**
 * Reads the driver of a host against the tables.
 * @throws RigError RIG-COMPAT-001 for something that is no driver version.
 */
export function viewDriver(host: SolveHost, facts: DriverFacts): DriverView {
  const absent = {
    version: undefined,
    kernelModule: undefined,
    cuda: undefined,
    broken: undefined,
    warnings: [],
  };
  if (host.driver === null) return { ...absent, state: 'none' };
  const own = host.driver?.kernelModule === undefined ? undefined : parseDriver(host.driver.kernelModule);
  // Under WSL the driver is Windows'; libcuda speaks for it.
  const kernelModule = host.wsl === true && host.driver?.userMode !== undefined ? undefined : own;
  const userMode = host.driver?.userMode === undefined ? undefined : parseDriver(host.driver.userMode);
  const version = userMode ?? kernelModule;
  if (version === undefined) return { ...absent, state: 'unknown' };
  const agree =
    kernelModule === undefined ||
    userMode === undefined ||
    (driverReaches(kernelModule, userMode) && driverReaches(userMode, kernelModule));
  const warnings = aboveTable(version, facts);
  const broken = agree ? undefined : mismatch(kernelModule, userMode, host, facts);
  if (!agree && !broken) {
    warnings.push({
      id: 'forward-compatibility',
      text: `forward compatibility in use: user-mode libraries ${userMode} on kernel module ${kernelModule}`,
    });
  }
  return { state: 'present', version, kernelModule, cuda: cudaOfDriver(version, facts), broken, warnings };
}
