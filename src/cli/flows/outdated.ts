import { existsSync } from 'node:fs';
import { torchOutlook } from '../../compat/index.ts';
import type { Plan, TorchOutlook } from '../../compat/index.ts';
import { EXIT, RigError } from '../../kernel/index.ts';
import { findOutdated, readLock } from '../../lock/index.ts';
import type { MakeLockOptions, OutdatedPackages, PackageOutlook, PlanChoice } from '../../lock/index.ts';
import { pythonIndex } from '../../sources/index.ts';
import type { PythonIndex } from '../../sources/index.ts';
import { BASES, loadSpec } from '../../spec/index.ts';
import type { LoadedSpec, Spec } from '../../spec/index.ts';
import type { Call } from '../outcome.ts';
import { engineFor } from './environment.ts';
import { withLockOptions } from './locking.ts';
import { thisMachine } from './machine.ts';
import { servedHere } from './solving.ts';

/** `rig outdated --json` (docs/json.md). */
export interface OutdatedReport {
  name: string;
  preset: string | null;
  lock: { path: string; builtin: boolean; stale: boolean; date: string; ageDays: number };
  /** Null for an environment without torch. */
  torch: (TorchOutlook & { locked: Plan }) | null;
  packages: PackageOutlook[];
  looked: OutdatedPackages['looked'];
  problem: OutdatedPackages['problem'];
}

type OutdatedCall = Pick<Call, 'cwd' | 'env' | 'signal' | 'progress' | 'say'>;

/** The folder's spec, or that of the folder an environment was made in. Throws RIG-CLI-007, -014. */
async function specOf(call: OutdatedCall, name: string | undefined): Promise<LoadedSpec> {
  if (name === undefined) return loadSpec({ folder: call.cwd, env: call.env });
  const own = await loadSpec({ folder: call.cwd, env: call.env }).catch(() => undefined);
  if (own?.name === name) return own;
  const { state, labels } = await engineFor(call).engine.status(name);
  const folder = labels['folder'];
  if (state !== 'missing' && folder !== undefined && existsSync(folder))
    return loadSpec({ folder, env: call.env });
  throw new RigError('RIG-CLI-007', `there is no environment ${name}`, {
    ...(state === 'missing' ? {} : { why: `its folder ${folder ?? ''} is gone, and with it its lock` }),
    hint: 'rig ps lists them; without a NAME the lock of this folder is meant',
    exitCode: EXIT.usage,
  });
}

/** What in a lock has newer versions where its packages come from. Writes nothing but caches in TORCHRIG_HOME. */
export async function outdatedReport(call: OutdatedCall, name: string | undefined): Promise<OutdatedReport> {
  const loaded = await specOf(call, name);
  const { spec, lockPath, builtin } = loaded;
  const lock = await readLock(lockPath);
  if (lock === undefined)
    throw new RigError('RIG-CLI-013', 'there is no torchrig.lock yet', {
      why: 'nothing is locked, so nothing is outdated',
      hint: 'rig lock',
    });
  let torch: OutdatedReport['torch'] = null;
  const found = await withLockOptions(call, spec, { wish: {}, previous: lock }, async (options) => {
    const sources = await options.sources.python();
    const index = pythonIndex(sources, options.http);
    const plan = async (): Promise<PlanChoice> => {
      if (spec.torch === undefined) return { plan: null };
      const outlook = await lookAtTorch(call, spec, { index, http: options.http });
      const { asked, ...rest } = outlook;
      if (lock.plan) torch = { locked: lock.plan, ...rest };
      return asked.ok ? { plan: asked.plan, constraints: asked.constraints } : { plan: lock.plan };
    };
    return findOutdated({
      ...options,
      sources: { ...options.sources, python: async () => sources },
      lock,
      index,
      plan,
    });
  });
  const { packages, looked, problem, stale, date, ageDays } = found;
  return {
    name: loaded.name,
    preset: spec.preset ?? null,
    lock: { path: lockPath, builtin, stale, date, ageDays },
    torch,
    packages,
    looked,
    problem,
  };
}

async function lookAtTorch(
  call: OutdatedCall,
  spec: Spec,
  side: { index: PythonIndex; http: MakeLockOptions['http'] },
): Promise<ReturnType<typeof torchOutlook>> {
  const { host, tables } = await thisMachine(call, BASES[spec.base]?.glibc);
  const here = await servedHere(call, side, { host, tables });
  return torchOutlook({ torch: spec.torch, cuda: spec.cuda, python: spec.python }, host, here);
}
