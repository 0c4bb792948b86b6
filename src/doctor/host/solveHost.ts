import { type CompatTables, type SolveGpu, type SolveHost, hostFromFlags } from '../../compat/index.ts';
import type { GpuFacts, HostFacts } from '../../host/index.ts';
import { isRigError } from '../../kernel/index.ts';

/** Compute capability as the driver tells it, else by the name in the table; undefined when neither knows. */
function solveGpu(gpu: GpuFacts, tables: CompatTables): SolveGpu | undefined {
  const name = gpu.name ?? gpu.pci ?? 'NVIDIA GPU';
  const mig = gpu.mig?.enabled ?? false;
  if (gpu.computeCapability) return { name, computeCapability: gpu.computeCapability, mig };
  if (gpu.name === null) return undefined;
  try {
    const [found] = hostFromFlags({ gpus: [gpu.name] }, tables).gpus;
    return found && { ...found, mig };
  } catch (error) {
    if (isRigError(error)) return undefined;
    throw error;
  }
}

/**
 * This machine as the solver sees it. `glibc`: that of the place where torch will run; the environment's own by default,
 * so the host's does not count. `unseen`: GPUs whose compute capability nobody knows; they are not part of the answer.
 */
export function solveHostOf(
  facts: HostFacts,
  tables: CompatTables,
  options: { glibc?: string } = {},
): { host: SolveHost; unseen: GpuFacts[] } {
  const unseen: GpuFacts[] = [];
  const gpus = facts.gpus.flatMap((gpu) => {
    const found = solveGpu(gpu, tables);
    if (!found) unseen.push(gpu);
    return found ? [found] : [];
  });
  const { kernel, userMode } = facts.driver;
  const known = kernel !== null || !facts.unknown['driver.kernel'];
  return {
    unseen,
    host: {
      platform: facts.system.platform ?? 'linux/amd64',
      driver:
        kernel !== null
          ? { kernelModule: kernel, userMode: userMode ?? undefined }
          : known
            ? null
            : undefined,
      gpus,
      glibc: options.glibc,
      wsl: facts.system.wsl !== null,
    },
  };
}
