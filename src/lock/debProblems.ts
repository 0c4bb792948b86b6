import { EXIT, RigError } from '../kernel/index.ts';
import type { DebRecord } from './debRecord.ts';
import type { DebProblem } from './debResolve.ts';
import { nearestNames } from './debUniverse.ts';
import type { DebUniverse } from './debUniverse.ts';

export function unknownPackage(universe: DebUniverse, name: string): RigError {
  const near = nearestNames(universe, name);
  return new RigError('RIG-LOCK-020', `the Debian package ${name} is not in the package indexes`, {
    why: `no index has a package of that name for ${universe.arch}, and nothing provides it`,
    hint:
      near.length > 0
        ? `did you mean ${near.join(' or ')}? Correct packages.debian in torchrig.yaml`
        : 'correct packages.debian in torchrig.yaml',
    exitCode: EXIT.usage,
    details: { name, nearest: near },
  });
}

export function manyProviders(name: string, records: readonly DebRecord[]): RigError {
  const names = records.map((record) => record.name);
  const shown = names.length > 6 ? [...names.slice(0, 6), '...'] : names;
  return new RigError('RIG-LOCK-021', `${name} is a virtual Debian package with several providers`, {
    why: `it is provided by ${shown.join(', ')}`,
    hint: `write the one you mean in packages.debian, for example ${names[0]}`,
    exitCode: EXIT.usage,
    details: { name, providers: names },
  });
}

/** `asked -> a -> b`, or words for a package that was asked for itself. */
function wanted(chain: readonly string[]): string {
  return chain.length === 1
    ? `${chain[0]} is asked for`
    : `${chain.at(-1)} is needed through ${chain.join(' -> ')}`;
}

export function unmetProblem(problem: DebProblem & { kind: 'unmet' }): RigError {
  return new RigError(
    'RIG-LOCK-022',
    `the Debian package ${problem.parent.name} ${problem.parent.version} cannot be installed: it needs ${problem.need}`,
    {
      why: `${problem.known === undefined ? 'nothing in the package indexes meets that' : `the package indexes have version ${problem.known}`}; ${wanted(problem.chain)}`,
      hint: `leave ${problem.chain[0]} out of packages.debian, or use a mirror that has what it needs`,
      details: { package: problem.parent.name, needs: problem.need, chain: problem.chain },
    },
  );
}

export function conflictProblem(problem: DebProblem & { kind: 'conflict' }): RigError {
  const [mine, theirs] = problem.chains;
  return new RigError(
    'RIG-LOCK-023',
    `the Debian packages ${problem.refuser} and ${problem.other} cannot be installed together`,
    {
      why: `${problem.refuser} refuses ${problem.term}; ${wanted(mine)}; ${wanted(theirs)}`,
      hint: `leave ${mine[0]} or ${theirs[0]} out of packages.debian`,
      exitCode: EXIT.usage,
      details: { refuser: problem.refuser, other: problem.other, chains: problem.chains },
    },
  );
}

export function tooHard(name: string): RigError {
  return new RigError(
    'RIG-LOCK-024',
    'the Debian packages could not be resolved in a reasonable number of steps',
    {
      why: `the search did not end; it was last at ${name}`,
      hint: 'ask for fewer packages, or name the alternatives you want in packages.debian',
    },
  );
}
