import type { HostFacts } from '../../host/index.ts';

export type Confidence = 'high' | 'medium' | 'low';

/** One way a problem shows itself: a line that contains `has` and, where given, matches `like`. */
export interface Sign {
  /** A literal part: what makes a search through gigabytes quick. */
  has: string;
  like?: RegExp;
}

/** A known problem: how it shows itself, where it comes from, what mends it. Ids are permanent. */
export interface Rule {
  id: string;
  title: string;
  signs: readonly Sign[];
  cause: string;
  remedy: string;
  /** A better remedy when the machine is known; undefined leaves the general one. */
  here?: (host: HostFacts) => string | undefined;
  source: readonly string[];
  confidence: Confidence;
  /** Rules that say the same more precisely: where one of them matches, this one is left out. */
  yieldsTo?: readonly string[];
  /** Lines that must match, and lines much like them that must not (tests). */
  hits: readonly string[];
  misses: readonly string[];
}

/** `123` of driver `123.45.67`. */
export function driverBranch(host: HostFacts): number | undefined {
  const branch = Number(host.driver.kernel?.split('.', 1)[0]);
  return Number.isInteger(branch) ? branch : undefined;
}

export const inContainer = (host: HostFacts): boolean => host.container.kind !== null;
