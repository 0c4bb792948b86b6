import type { CompatTables, Platform } from './tables.ts';

export interface Served {
  /** Torch version -> variants, as `SolveOptions.served` wants it. */
  served: Map<string, Set<string>>;
  /** Versions that the tables do not know: `rig compat learn` reads them. */
  unknown: string[];
}

/**
 * Tells variants from the torch versions a package source lists for a platform: an untagged version is the index's
 * default of that release, a local tag names its variant.
 */
export function servedVariants(versions: Iterable<string>, platform: Platform, tables: CompatTables): Served {
  const served = new Map<string, Set<string>>();
  const unknown: string[] = [];
  for (const text of versions) {
    const [version = text, tag] = text.split('+');
    const release = tables.releases.find((row) => row.version === version);
    const variant = tag ?? release?.indexDefault[platform];
    if (release === undefined || variant === undefined) {
      unknown.push(text);
      continue;
    }
    served.set(version, (served.get(version) ?? new Set()).add(variant));
  }
  return { served, unknown };
}
