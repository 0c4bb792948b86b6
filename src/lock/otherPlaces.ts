import { normalizeName, parseWheelName, pythonIndex } from '../sources/index.ts';
import type { IndexFile, PythonSources } from '../sources/index.ts';
import type { Http } from '../store/index.ts';
import type { PylockPackage, PylockWheel } from './pylock.ts';

const AT_ONCE = 16;

/** The wheels of one version that can be locked: not withdrawn, and with a hash. */
function wheelsOf(files: readonly IndexFile[], version: string | undefined): PylockWheel[] {
  return files
    .filter(
      (file) => !file.yanked && file.sha256 !== undefined && parseWheelName(file.file)?.version === version,
    )
    .map(({ file, location, size, sha256 }) => ({ file, where: location.url, size, sha256 }));
}

/**
 * Adds the wheels that further indexes and find-links have of the chosen versions. uv takes all files of a version from the first
 * place that has one; pip looks at all places, so that a mirror which carries a single pure wheel of a package does not hide the
 * native ones of the main index. Only packages that uv took from a further place are looked up again.
 */
export async function addOtherPlaces(
  packages: readonly PylockPackage[],
  options: { sources: PythonSources; http: Http; signal?: AbortSignal | undefined },
): Promise<PylockPackage[]> {
  const { sources, http, signal } = options;
  if (sources.origin !== 'pip' || sources.indexUrl === undefined) return [...packages];
  if (sources.extraIndexUrls.length + sources.findLinks.length === 0) return [...packages];
  const further = pythonIndex({ ...sources, indexUrl: undefined }, http);
  const all = pythonIndex(sources, http);
  const result = [...packages];
  const next = packages.entries();
  const worker = async (): Promise<void> => {
    for (const [index, each] of next) {
      signal?.throwIfAborted();
      const name = normalizeName(each.name);
      const known = new Set(each.wheels.map((wheel) => wheel.sha256));
      const theirs = await further.files(name);
      if (!theirs.some((file) => file.sha256 !== undefined && known.has(file.sha256))) continue;
      const added = wheelsOf(await all.files(name), each.version).filter((wheel) => !known.has(wheel.sha256));
      result[index] = { ...each, wheels: [...each.wheels, ...added] };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return result;
}
