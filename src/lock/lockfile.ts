import type { Digest } from '../kernel/index.ts';
import type { Plan } from '../compat/index.ts';

/** Raised when the meaning of a field changes; a reader refuses what it does not know. */
export const LOCK_FORMAT = 1;

/** torchrig.lock, parsed. Canonical on disk: sorted, one package a line group, no addresses. */
export interface Lock {
  format: typeof LOCK_FORMAT;
  platform: 'linux/amd64' | 'linux/arm64';
  /** Seconds since 1970 used for every timestamp in the image; derived from the Debian indexes or the newest upload, never from the clock. */
  epoch: number;
  /** What was asked, normalised: a change here makes the lock stale. */
  asked: {
    torch: string | null;
    cuda: string;
    python: string;
    packages: { python: string[]; debian: string[] };
    base: string;
  };
  /** Null for an environment without torch. */
  plan: Plan | null;
  python: LockedWheel[];
  debian: LockedDeb[];
  /** Expected image digest, once an image was built from exactly this lock. */
  image: Digest | null;
}

/** A wheel by content; its address is looked up again when it is missing. */
export interface LockedWheel {
  /** PEP 503 normalised. */
  name: string;
  version: string;
  file: string;
  size: number;
  sha256: string;
}

export interface LockedDeb {
  name: string;
  version: string;
  arch: 'amd64' | 'arm64' | 'all';
  /** Which archive of the mirror: `debian` or `debian-security`. */
  archive: string;
  /** Path below the archive's root (`pool/main/...`), as its Packages file says. */
  path: string;
  size: number;
  sha256: string;
}
