import { distance } from 'fastest-levenshtein';
import { EXIT, RigError } from '../kernel/index.ts';
import { normalizeName } from '../sources/index.ts';
import type { Lock } from './lockfile.ts';

/** What `--upgrade [NAME...]` lets go of. */
export interface Upgrade {
  touchesPlan: boolean;
  touchesPython: boolean;
  touchesDebian: boolean;
  /** Those of a list that are to be kept. */
  keep<T extends { name: string }>(list: readonly T[]): T[];
}

// The plan fixes these: to upgrade one is to solve again.
const PLANNED = new Set(['torch', 'torchvision', 'torchaudio', 'triton']);

function unknownName(name: string, lock: Lock): RigError {
  const near = [...lock.python, ...lock.debian]
    .map((each) => ({ name: each.name, far: distance(each.name, name) }))
    .filter((each) => each.far <= Math.max(1, name.length / 3))
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))[0];
  return new RigError('RIG-LOCK-040', `${name} is not in torchrig.lock, so it cannot be upgraded`, {
    hint: near
      ? `did you mean: rig lock --upgrade ${near.name}`
      : 'add it to packages in torchrig.yaml, then: rig lock',
    exitCode: EXIT.usage,
    details: { name },
  });
}

/** Reads `--upgrade`. Throws RIG-LOCK-040 for a name that the lock does not hold. */
export function makeUpgrade(upgrade: boolean | readonly string[], previous: Lock | undefined): Upgrade {
  if (typeof upgrade === 'boolean')
    return {
      touchesPlan: upgrade,
      touchesPython: upgrade,
      touchesDebian: upgrade,
      keep: (list) => (upgrade ? [] : [...list]),
    };
  const python = new Set(previous?.python.map((each) => each.name));
  const debian = new Set(previous?.debian.map((each) => each.name));
  const names = new Set<string>();
  for (const name of upgrade) {
    const wheel = normalizeName(name);
    const known = debian.has(name) ? name : python.has(wheel) || PLANNED.has(wheel) ? wheel : undefined;
    if (known === undefined && previous !== undefined) throw unknownName(name, previous);
    names.add(known ?? name);
    if (python.has(wheel)) names.add(wheel);
  }
  const list = [...names];
  return {
    touchesPlan: list.some((name) => PLANNED.has(name)),
    touchesPython: list.some((name) => python.has(name) || PLANNED.has(name)),
    touchesDebian: list.some((name) => debian.has(name)),
    keep: (kept) => kept.filter((each) => !names.has(each.name)),
  };
}
