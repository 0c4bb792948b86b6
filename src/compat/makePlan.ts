import type { Candidate } from './candidates.ts';
import type { Plan } from './plan.ts';
import type { CompatTables, Platform } from './tables.ts';
import { compareDotted, major } from './versions.ts';

/** Python of the image's base (Debian 12), taken where a release has it. */
const PREFERRED_PYTHON = '3.11';

/** The Python a plan uses: what was asked, else 3.11, else the nearest the release has. */
export function pythonFor(candidate: Candidate, asked: string | undefined): string {
  if (asked !== undefined) return asked;
  const { min, max } = candidate.release.python;
  if (compareDotted(PREFERRED_PYTHON, min) < 0) return min;
  return compareDotted(PREFERRED_PYTHON, max) > 0 ? max : PREFERRED_PYTHON;
}

/** The aligned set of a candidate that works. */
export function makePlan(
  candidate: Candidate,
  context: { platform: Platform; python: string | undefined; tables: CompatTables },
): Plan {
  const { release, cuda, build } = candidate;
  const floor = cuda && context.tables.drivers.floors.find((row) => row.cudaMajor === major(cuda.cuda));
  const triton = build?.triton === undefined ? release.triton : build.triton;
  return {
    torch: release.version,
    torchvision: release.torchvision,
    torchaudio: release.torchaudio,
    triton: cuda === undefined ? null : triton,
    variant: candidate.variant,
    cuda: cuda?.cuda ?? null,
    cudnn: cuda?.cudnn ?? null,
    nccl: cuda?.nccl ?? null,
    python: pythonFor(candidate, context.python),
    platform: context.platform,
    driverFloor: floor?.driver ?? null,
    architectures: [...(build?.architectures ?? [])],
    ptx: build?.ptx ?? null,
    glibc: build?.glibc ?? '2.17',
    nvidia: { ...build?.nvidia },
  };
}
