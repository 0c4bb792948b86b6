import { coverage } from './architectures.ts';
import { nameOf } from './candidates.ts';
import type { Candidate } from './candidates.ts';
import type { Context } from './judge.ts';
import type { Outranked } from './solveTypes.ts';
import { compareDotted, majorMinor } from './versions.ts';

const usesPtx = ({ build }: Candidate, { gpus }: Context): boolean =>
  build !== undefined && gpus.some((gpu) => coverage(build, gpu.computeCapability) === 'ptx');

/** The driver's own CUDA is at least the variant's: nothing rests on minor-version compatibility. */
export const isNative = ({ cuda }: Candidate, { driver }: Context): boolean =>
  cuda === undefined || driver.cuda === undefined || compareDotted(driver.cuda, majorMinor(cuda.cuda)) >= 0;

interface Criterion {
  /** Higher wins. */
  value: (candidate: Candidate, context: Context) => number;
  /** Why the loser lost. */
  why: (winner: Candidate, loser: Candidate, context: Context) => string;
}

/** In this order; the first that differs decides. */
const CRITERIA: readonly Criterion[] = [
  {
    value: (candidate, context) => Number(!usesPtx(candidate, context)),
    why: () =>
      'works, but only by compiling PTX at start; the chosen one has machine code for every GPU here',
  },
  {
    value: (candidate, context) => Number(isNative(candidate, context)),
    why: (_winner, loser, { driver }) =>
      `works by minor-version compatibility; driver ${driver.version ?? ''} itself knows CUDA ${driver.cuda ?? ''}, not ${majorMinor(loser.cuda?.cuda ?? '')}`,
  },
  {
    value: (candidate) => Number(candidate.isDefault),
    why: (winner) =>
      `works too; ${winner.variant} is the index's default, the same wheel for GPU and CPU hosts`,
  },
  {
    value: (candidate) => ({ high: 2, medium: 1, low: 0 })[candidate.cuda?.confidence ?? 'high'],
    why: () => 'works too, but its row is known with less confidence',
  },
  {
    value: (candidate) => Number.parseFloat(majorMinor(candidate.cuda?.cuda ?? '0')),
    why: (winner, loser) =>
      loser.cuda === undefined
        ? 'has no GPU support'
        : `works too; CUDA ${majorMinor(winner.cuda?.cuda ?? '')} is newer`,
  },
];

/** Negative when `a` is to be preferred: newer torch first, then the criteria. */
export function compareCandidates(a: Candidate, b: Candidate, context: Context): number {
  const version = compareDotted(b.release.version, a.release.version);
  if (version !== 0) return version;
  for (const { value } of CRITERIA) {
    const gap = value(b, context) - value(a, context);
    if (gap !== 0) return gap;
  }
  return 0;
}

/** Why `loser`, which works, was not taken. */
export function explainLoss(winner: Candidate, loser: Candidate, context: Context): Outranked {
  if (winner.release.version !== loser.release.version) {
    const why = `works too; torch ${winner.release.version} is newer`;
    return { candidate: nameOf(loser), torch: loser.release.version, variant: loser.variant, why };
  }
  const criterion = CRITERIA.find(({ value }) => value(winner, context) !== value(loser, context));
  const why = criterion?.why(winner, loser, context) ?? 'works too';
  return { candidate: nameOf(loser), torch: loser.release.version, variant: loser.variant, why };
}
