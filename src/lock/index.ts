export { LOCK_FORMAT } from './lockfile.ts';
export type { Lock, LockedDeb, LockedWheel } from './lockfile.ts';
export { LOCK_ERRORS } from './errors.ts';
export { parseLock, readLock, writeLock } from './readLock.ts';
export { formatLock, lockDigest } from './writeLock.ts';
