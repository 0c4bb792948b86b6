import type { CompatTables, Platform } from './tables.ts';
import { compareDotted } from './versions.ts';

export interface Served {
  /** Torch version -> variants, as `SolveOptions.served` wants it. */
  served: Map<string, Set<string>>;
  /** Final releases newer than the oldest row that the tables lack: `rig compat learn` reads them. */
  unknown: string[];
}

/**
 * Tells variants from the torch versions a package source lists for a platform: an untagged version is the index's
 * default of that release, a local tag names its variant.
 */
export function servedVariants(versions: Iterable<string>, platform: Platform, tables: CompatTables): Served {
  const served = new Map<string, Set<string>>();
  const unknown = new Set<string>();
  const oldest = tables.releases[0]?.version ?? '0';
  for (const text of versions) {
    const [version = text, tag] = text.split('+');
    const release = tables.releases.find((row) => row.version === version);
    const variant = tag ?? release?.indexDefault[platform];
    if (release !== undefined && variant !== undefined)
      served.set(version, (served.get(version) ?? new Set()).add(variant));
    else if (/^\d+(\.\d+)+$/.test(version) && compareDotted(version, oldest) > 0) unknown.add(version);
  }
  return { served, unknown: [...unknown].sort(compareDotted) };
}
