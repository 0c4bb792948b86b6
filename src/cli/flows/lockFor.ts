import { RigError } from '../../kernel/index.ts';
import { isStale, readLock, writeLock } from '../../lock/index.ts';
import type { Lock } from '../../lock/index.ts';
import type { LoadedSpec } from '../../spec/index.ts';
import type { LockCall, LockWish } from './locking.ts';

/**
 * The lock that `up` and `build` use: the preset's, the user's, or a new one where the user has none. An existing lock is never
 * changed: when it does not fit torchrig.yaml any more, RIG-CLI-011 says what to do.
 */
export async function lockFor(call: LockCall, loaded: LoadedSpec, wish: LockWish = {}): Promise<Lock> {
  const existing = await readLock(loaded.lockPath);
  if (existing !== undefined) {
    if (!loaded.builtin && (await isStale(existing, loaded.spec))) {
      throw new RigError('RIG-CLI-011', 'torchrig.lock is older than torchrig.yaml', {
        why: 'torchrig.yaml asks for something else than what the lock was made from',
        hint: 'rig lock',
      });
    }
    return existing;
  }
  if (loaded.builtin) {
    throw new RigError(
      'RIG-CLI-012',
      `the preset ${loaded.spec.preset ?? ''} has no lock in this installation`,
      {
        hint: 'install torchrig again, or: rig init && rig lock',
      },
    );
  }
  call.say('no torchrig.lock yet: making one');
  const { resolveLock } = await import('./locking.ts');
  const { lock } = await resolveLock(call, loaded, wish);
  await writeLock(loaded.userLockPath, lock);
  call.say(`wrote ${loaded.userLockPath}: commit it`);
  return lock;
}
