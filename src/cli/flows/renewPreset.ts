import { EXIT, isRigError, RigError } from '../../kernel/index.ts';
import { lockDigest, writeLock } from '../../lock/index.ts';
import type { Lock } from '../../lock/index.ts';
import type { LoadedSpec } from '../../spec/index.ts';
import { resolveLock } from './locking.ts';
import type { LockCall } from './locking.ts';
import { debLabel } from './pieces.ts';

/**
 * Does the work with a lock, and returns the lock it was done with. Debian mirrors drop packages that have a successor: where one of
 * a preset's is gone, the preset's Debian part is resolved again, kept in TORCHRIG_HOME for the next time, and the work is done with that.
 * A lock of the user's is never changed: then RIG-CLI-014 says what to do, exit code 4.
 */
export async function withRenewal<T>(
  call: LockCall,
  { loaded, lock }: { loaded: LoadedSpec; lock: Lock },
  work: (lock: Lock) => Promise<T>,
): Promise<{ lock: Lock; result: T }> {
  try {
    return { lock, result: await work(lock) };
  } catch (error) {
    const gone = goneDeb(error, lock);
    if (gone === undefined) throw error;
    if (loaded.renewedLockPath === undefined) throw dropped(gone, error);
    const renewed = await renew(call, { loaded, lock, gone, path: loaded.renewedLockPath });
    // The indexes still list it: the mirror is half updated, and a little patience helps.
    if (renewed === undefined) throw error;
    return { lock: renewed, result: await work(renewed) };
  }
}

/** The Debian package that every mirror answered it does not have. */
function goneDeb(error: unknown, { debian }: Lock): string | undefined {
  if (!isRigError(error) || error.code !== 'RIG-STORE-003' || error.details?.['gone'] !== true)
    return undefined;
  return debian.map(debLabel).find((label) => label === error.details?.['file']);
}

interface Renewal {
  loaded: LoadedSpec;
  lock: Lock;
  gone: string;
  path: string;
}

async function renew(call: LockCall, { loaded, lock, gone, path }: Renewal): Promise<Lock | undefined> {
  call.say(`the Debian mirrors no longer have ${gone} of the preset: resolving its Debian packages again`);
  // What is locked stays locked where it can be had; Python stays as it is.
  const made = await resolveLock(call, loaded, {});
  if (lockDigest(made.lock) === lockDigest(lock)) return undefined;
  await writeLock(path, made.lock);
  const old = new Set(lock.debian.map(({ sha256 }) => sha256));
  const changed = made.lock.debian.filter(({ sha256 }) => !old.has(sha256)).map(debLabel);
  const count = changed.length === 1 ? '1 Debian package is' : `${changed.length} Debian packages are`;
  const shown = changed.slice(0, 4).join(', ') + (changed.length > 4 ? ', ...' : '');
  call.progress({
    kind: 'note',
    level: 'warn',
    text: `${count} newer than in the preset (${shown}): the image digest is not the published one`,
  });
  return made.lock;
}

function dropped(gone: string, cause: unknown): RigError {
  return new RigError('RIG-CLI-014', `the Debian mirrors no longer have ${gone}`, {
    why: 'mirrors drop a package when its successor appears',
    hint: 'rig lock takes the successor and keeps all else; or set TORCHRIG_DEBIAN_MIRROR to a snapshot of the archive that still has it',
    exitCode: EXIT.source,
    details: { file: gone },
    cause,
  });
}
