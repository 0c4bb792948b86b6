import { hostFromFlags, loadTables, toSolveHost } from '../../compat/index.ts';
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
  const loaded = await loadTables(layoutOf(call));
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
  const home = layoutOf(call);
  const [loaded, facts] = await Promise.all([loadTables(home), gatherHostFacts({ home: home.root })]);
  const { host, warnings } = toSolveHost(facts, loaded.tables);
  return {
    ...loaded,
    warnings: [...loaded.warnings, ...warnings],
    facts,
    host: { ...host, glibc: glibc ?? facts.system.glibc ?? undefined },
  };
}
