import type { LockChanges } from './diffLocks.ts';
import type { Lock } from './lockfile.ts';
import { isStale } from './lockInputs.ts';
import { makeLock } from './makeLock.ts';
import type { MakeLockOptions } from './makeLock.ts';
import { formatLock } from './writeLock.ts';

export interface LockCheck {
  /** True when `rig lock` would write the same bytes. */
  upToDate: boolean;
  /** True when torchrig.yaml asks for something else than the lock was made from. */
  stale: boolean;
  changes: LockChanges;
  /** What `rig lock` would write. */
  lock: Lock;
}

/** Whether `rig lock` would change the lock, for `rig lock --check`; writes nothing. Throws as `makeLock` does. */
export async function checkLock(options: MakeLockOptions & { previous: Lock }): Promise<LockCheck> {
  const { lock, changes } = await makeLock(options);
  return {
    upToDate: formatLock(lock) === formatLock(options.previous),
    stale: await isStale(options.previous, options.spec),
    changes,
    lock,
  };
}
