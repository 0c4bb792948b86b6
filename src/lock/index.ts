export { LOCK_FORMAT } from './lockfile.ts';
export type { Lock, LockedDeb, LockedWheel } from './lockfile.ts';
