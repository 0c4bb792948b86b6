import type { Lock } from './lockfile.ts';
import { formatPylock } from './pylock.ts';

/**
 * The Python part of a lock as pylock.toml (PEP 751), for other tools. No addresses: every wheel has a path below `folder`
 * (default `wheels`, relative to the file), where its files are to be put.
 */
export function exportPylock(lock: Lock, options: { folder?: string } = {}): string {
  return formatPylock(lock.python, { python: lock.plan?.python ?? lock.asked.python, ...options });
}
