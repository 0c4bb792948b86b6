import type { Candidate } from './candidates.ts';
import { isNative } from './choose.ts';
import { parseTorchWish } from './candidates.ts';
import type { Context } from './judge.ts';
import type { Rejected } from './solveTypes.ts';
import { coverage } from './architectures.ts';
import { major, majorMinor, smName } from './versions.ts';

function gpuReasons({ build, variant }: Candidate, { gpus }: Context): string[] {
  if (build === undefined || variant === 'cpu') return [];
  const kinds = new Map(gpus.map((gpu) => [`${gpu.name} ${gpu.computeCapability}`, gpu]));
  return [...kinds.values()].map((gpu) =>
    coverage(build, gpu.computeCapability) === 'cubin'
      ? `${gpu.name} (${smName(gpu.computeCapability)}): ${variant} has machine code for it`
      : `${gpu.name} (${smName(gpu.computeCapability)}): runs the PTX of ${variant}, compiled by the driver`,
  );
}

function driverReason(candidate: Candidate, context: Context): string[] {
  const { cuda } = candidate;
  const { driver, gpus, tables } = context;
  if (cuda === undefined) return [];
  const floor = tables.drivers.floors.find((row) => row.cudaMajor === major(cuda.cuda))?.driver ?? '';
  const minor = majorMinor(cuda.cuda);
  if (driver.state === 'none' || (driver.state === 'unknown' && gpus.length === 0)) {
    return [
      candidate.isDefault
        ? `no GPU here: ${candidate.variant} is the index's default and runs on the CPU as well, so one image serves GPU and CPU hosts`
        : `no GPU here: ${candidate.variant} runs on the CPU as well, so one image serves GPU and CPU hosts`,
    ];
  }
  if (driver.version === undefined) return [];
  return isNative(candidate, context)
    ? [`driver ${driver.version} (CUDA ${driver.cuda ?? 'unknown'}) runs CUDA ${minor} itself`]
    : [
        `driver ${driver.version} (CUDA ${driver.cuda ?? 'unknown'}) runs CUDA ${minor} by minor-version compatibility (floor ${floor})`,
      ];
}

/** Why the winner won, most telling first. */
export function successReasons(winner: Candidate, context: Context): string[] {
  const wish = parseTorchWish(context.request.torch);
  const { version } = winner.release;
  return [
    wish.text === undefined
      ? `torch ${version} is the newest release that works here`
      : wish.text.replace(/^===?/, '').split('+')[0] === version
        ? `torch ${version} as asked`
        : `torch ${version} is the newest that "${wish.text}" allows and that works here`,
    ...gpuReasons(winner, context),
    ...driverReason(winner, context),
  ];
}

/** The refusal in a few lines: each distinct reason once, with what it hits. */
export function refusalReasons(rejected: readonly Rejected[], { request }: Context): string[] {
  if (rejected.length === 0) {
    const what = [request.torch && `torch "${request.torch}"`, request.cuda && `CUDA "${request.cuda}"`]
      .filter(Boolean)
      .join(' with ');
    return [`the tables know no release for ${what || 'this platform'}`];
  }
  const everywhere = rejected[0]?.reasons.find(({ why }) =>
    rejected.every(({ reasons }) => reasons.some((reason) => reason.why === why)),
  );
  if (everywhere && rejected.length > 1) return [`all ${rejected.length} candidates: ${everywhere.why}`];
  if (rejected.length <= 4) return rejected.map(({ candidate, why }) => `${candidate}: ${why}`);
  return groupByWhy(rejected).map(([why, names]) => `${rangeOf(names)}: ${why}`);
}

function rangeOf(names: readonly string[]): string {
  return names.length <= 2 ? names.join(' and ') : `${names[0]} to ${names.at(-1)} (${names.length})`;
}

/** By the first reason of each, the one that hits most first. */
function groupByWhy(rejected: readonly Rejected[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const { candidate, reasons } of rejected) {
    const why = reasons[0]?.why ?? '';
    groups.set(why, [...(groups.get(why) ?? []), candidate]);
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}
