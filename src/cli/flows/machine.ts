import { hostFromFlags, loadTables } from '../../compat/index.ts';
import type { LoadedTables, SolveHost } from '../../compat/index.ts';
import { gatherHostFacts } from '../../host/index.ts';
import type { HostFacts } from '../../host/index.ts';
import type { Call } from '../outcome.ts';
import type { HostFlags } from '../routes/check.ts';
import { layoutOf } from './environment.ts';

/** A machine to solve for, and the tables to solve with. */
export interface Machine extends LoadedTables {
  host: SolveHost;
  /** Undefined when flags described the machine. */
  facts: HostFacts | undefined;
}

/** The machine that the flags describe, or this one when they say nothing of GPU and driver. */
export async function machineFor(call: Pick<Call, 'env'>, flags: HostFlags): Promise<Machine> {
  const described = flags.gpu ?? flags.computeCapability ?? flags.driver ?? flags.platform;
  if (described === undefined) return thisMachine(call, flags.glibc);
  const loaded = await loadTables();
  const host = hostFromFlags(
    {
      gpus: flags.gpu,
      computeCapabilities: flags.computeCapability,
      driver: flags.driver,
      glibc: flags.glibc,
      platform: flags.platform,
    },
    loaded.tables,
  );
  return { ...loaded, host, facts: undefined };
}

/** This machine. `glibc`: of the place where torch will run, when it is known (an image brings its own). */
export async function thisMachine(call: Pick<Call, 'env'>, glibc?: string): Promise<Machine> {
  const [loaded, facts] = await Promise.all([loadTables(), gatherHostFacts({ home: layoutOf(call).root })]);
  return { ...loaded, facts, host: toSolveHost(facts, glibc) };
}

/** What of the facts decides. A GPU whose compute capability nobody could tell is left out; doctor reports it. */
export function toSolveHost(facts: HostFacts, glibc?: string): SolveHost {
  const { driver, system } = facts;
  const present = driver.kernel !== null || driver.userMode !== null;
  return {
    platform: system.platform ?? 'linux/amd64',
    driver: present
      ? { kernelModule: driver.kernel ?? undefined, userMode: driver.userMode ?? undefined }
      : null,
    gpus: facts.gpus.flatMap((gpu) =>
      gpu.computeCapability === null
        ? []
        : [
            {
              name: gpu.name ?? 'GPU',
              computeCapability: gpu.computeCapability,
              mig: gpu.mig?.enabled ?? false,
            },
          ],
    ),
    glibc: glibc ?? system.glibc ?? undefined,
    wsl: system.wsl !== null,
  };
}
