import type { HostFacts } from '../host/index.ts';
import { findGpu } from './gpuNames.ts';
import type { SolveGpu, SolveHost, Warning } from './solveTypes.ts';
import type { CompatTables } from './tables.ts';

/** A machine as the solver sees it, and what had to be left out of the picture. */
export interface SeenHost {
  host: SolveHost;
  warnings: Warning[];
}

/** GPUs that a driver other than NVIDIA's holds are not ours to use. */
const isOurs = (gpu: HostFacts['gpus'][number]): boolean => gpu.boundTo === null || gpu.boundTo === 'nvidia';

function capabilityOf(gpu: HostFacts['gpus'][number], tables: CompatTables): string | undefined {
  return (
    gpu.computeCapability ??
    (gpu.name === null ? undefined : findGpu(gpu.name, tables.gpus)?.gpu.computeCapability)
  );
}

function jetsonOf(model: string, tables: CompatTables): SolveGpu {
  return {
    name: model,
    computeCapability: findGpu(model, tables.gpus)?.gpu.computeCapability ?? '8.7',
    class: 'jetson',
  };
}

function driverOf(facts: HostFacts): SolveHost['driver'] {
  const { kernel, userMode } = facts.driver;
  if (kernel === null && userMode === null)
    return 'driver' in facts.unknown || 'driver.kernel' in facts.unknown ? undefined : null;
  return { kernelModule: kernel ?? undefined, userMode: userMode ?? undefined };
}

/**
 * Gathered facts -> solver's host. The C library is left open: it is the image's that counts, or `facts.system.glibc`
 * for an environment outside an image; the caller sets it.
 */
export function toSolveHost(facts: HostFacts, tables: CompatTables): SeenHost {
  const warnings: Warning[] = [];
  const gpus = facts.gpus.filter(isOurs).flatMap((gpu): SolveGpu[] => {
    const name = gpu.name ?? `the GPU at ${gpu.bus ?? `index ${gpu.index}`}`;
    const computeCapability = capabilityOf(gpu, tables);
    if (computeCapability !== undefined) return [{ name, computeCapability, mig: gpu.mig?.enabled === true }];
    warnings.push({
      id: 'gpu-unknown',
      text: `the compute capability of ${name} is not known, so it was not checked`,
    });
    return [];
  });
  if (facts.system.jetson !== null && gpus.length === 0) gpus.push(jetsonOf(facts.system.jetson, tables));
  const host: SolveHost = {
    platform: facts.system.platform ?? 'linux/amd64',
    driver: driverOf(facts),
    gpus,
    wsl: facts.system.wsl !== null,
  };
  return { host, warnings };
}
