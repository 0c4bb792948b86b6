import { accepts, findCompanion } from './readPairs.ts';
import type { TorchReading } from './readWheel.ts';
import type { Platform, Release } from './tables.ts';
import { majorMinor } from './versions.ts';
import type { WheelSource } from './wheelSource.ts';

/** One field in which a table's row and a wheel disagree. */
export interface Difference {
  field: string;
  table: string;
  wheel: string;
}

type Pair = [field: string, table: string | null, wheel: string | null];

const list = (values: readonly string[] | null): string => values?.join(' ') ?? 'unknown';

/** A wheel that bundles its CUDA libraries requires none of them: then there is nothing to compare. */
function compareVariant(release: Release, reading: TorchReading): Pair[] {
  const row = release.variants[reading.variant];
  const build = row?.builds[reading.platform];
  if (row === undefined || build === undefined) return [['variant', null, reading.variant]];
  const bundled = Object.keys(reading.nvidia).length === 0;
  return [
    // a wheel that does not require the toolkit names major.minor alone
    ['cuda', reading.cuda === majorMinor(row.cuda) ? reading.cuda : row.cuda, reading.cuda],
    ['cudnn', row.cudnn, reading.cudnn ?? row.cudnn],
    ['nccl', row.nccl, reading.nccl ?? row.nccl],
    ['cusparselt', row.cusparselt, bundled ? row.cusparselt : reading.cusparselt],
    ['nvshmem', row.nvshmem, bundled ? row.nvshmem : reading.nvshmem],
    ['triton', release.triton, reading.triton ?? release.triton],
    ['architectures', list(build.architectures), list(reading.architectures)],
    ['ptx', build.ptx, reading.ptx],
    ['glibc', build.glibc, reading.glibc],
  ];
}

/** Where a table's row and a reading disagree. `isDefault`: the wheel is the index's own, without a local tag. */
export function compareReading(release: Release, reading: TorchReading, isDefault: boolean): Difference[] {
  const pairs: Pair[] = [
    ...(isDefault
      ? [['index default', release.indexDefault[reading.platform] ?? null, reading.variant] as Pair]
      : []),
    ...(reading.cuda === null ? [] : compareVariant(release, reading)),
  ];
  return pairs.flatMap(([field, table, wheel]) =>
    table === wheel ? [] : [{ field, table: table ?? 'none', wheel: wheel ?? 'none' }],
  );
}

/** The table's torchvision and torchaudio must accept this torch; where it names none, no wheel may belong to it. */
export async function compareCompanions(
  source: WheelSource,
  release: Release,
  platform: Platform,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const name of ['torchvision', 'torchaudio'] as const) {
    const version = release[name];
    if (version !== null && (await accepts(source, { name, version, platform }, release.version)) === true)
      continue;
    const found = await findCompanion(source, name, { torch: release.version, platform });
    if (version !== null || found !== null)
      differences.push({ field: name, table: version ?? 'none', wheel: found?.version ?? 'none' });
  }
  return differences;
}
