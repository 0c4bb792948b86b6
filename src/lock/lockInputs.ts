import { canonicalJson } from '../kernel/index.ts';
import { lockedInputs } from '../spec/index.ts';
import type { Spec } from '../spec/index.ts';
import type { Lock } from './lockfile.ts';
import { readRequirements } from './readRequirements.ts';

// How a constraint stands among the requirements that were asked for.
const CONSTRAINT = '-c ';

/** What a lock is made from: the spec and the requirements file it names. */
export interface LockInputs {
  asked: Lock['asked'];
  /** Normalised name -> sha256 that the requirements file allows. */
  hashes: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Normalises what a spec asks for, reading its requirements file. Throws RIG-LOCK-030, -031. */
export async function lockInputs(spec: Spec): Promise<LockInputs> {
  const { requirements, python } = spec.packages;
  if (requirements === undefined) return { asked: lockedInputs(spec), hashes: new Map() };
  const file = await readRequirements(requirements);
  const normalised = (list: readonly string[]): string[] =>
    lockedInputs({ ...spec, packages: { ...spec.packages, python: [...list] } }).packages.python;
  const asked = lockedInputs(spec);
  const wanted = normalised([...python, ...file.wanted]);
  const constraints = normalised(file.constraints).map((line) => CONSTRAINT + line);
  return {
    asked: { ...asked, packages: { ...asked.packages, python: [...wanted, ...constraints].sort() } },
    hashes: file.hashes,
  };
}

/** The requirements and the constraints among `asked.packages.python`. */
export function splitAsked(lines: readonly string[]): { wanted: string[]; constraints: string[] } {
  return {
    wanted: lines.filter((line) => !line.startsWith(CONSTRAINT)),
    constraints: lines
      .filter((line) => line.startsWith(CONSTRAINT))
      .map((line) => line.slice(CONSTRAINT.length)),
  };
}

/** Whether the spec asks for something else than the lock was made from. Reads no network. */
export async function isStale(lock: Lock, spec: Spec): Promise<boolean> {
  const { asked } = await lockInputs(spec);
  return canonicalJson(asked) !== canonicalJson(lock.asked);
}
