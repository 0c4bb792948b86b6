import pep440 from '@renovatebot/pep440';
import type { ServedWheel } from '../sources/index.ts';
import { rankTags, rankWheel } from './wheelTags.ts';
import type { WheelTarget } from './wheelTags.ts';

type Offered = Pick<ServedWheel, 'file' | 'version' | 'yanked' | 'requiresPython'>;

/** Whether a Requires-Python allows the interpreter; one that cannot be read allows it, as pip sees it. */
function allowsPython(specifier: string | undefined, python: string): boolean {
  if (specifier === undefined || !pep440.validRange(specifier)) return true;
  return pep440.satisfies(`${python}.0`, specifier);
}

function isFinal(version: string): boolean {
  const parts = pep440.explain(version);
  return parts !== null && !parts.is_prerelease && !parts.is_devrelease;
}

/**
 * The newest version that the target could install: final (no pre-release of PEP 440), not withdrawn (PEP 592), with a wheel for its
 * Python and platform. Null when there is none.
 */
export function newestWheel(wheels: readonly Offered[], target: WheelTarget): string | null {
  const ranks = rankTags(target);
  let newest: string | null = null;
  for (const { file, version, yanked, requiresPython } of wheels) {
    if (yanked || !isFinal(version)) continue;
    if (newest !== null && pep440.compare(version, newest) <= 0) continue;
    if (allowsPython(requiresPython, target.python) && rankWheel(file, ranks) !== undefined) newest = version;
  }
  return newest;
}
