import { messageOf } from '../kernel/index.ts';
import { accepts, findCompanion } from './readPairs.ts';
import { pickWheel } from './learn.ts';
import { readTorchWheel } from './readWheel.ts';
import type { TorchReading } from './readWheel.ts';
import type { CompatTables, Platform, Release } from './tables.ts';
import { majorMinor } from './versions.ts';
import { listWheels, withWheel } from './wheelSource.ts';
import type { WheelSource } from './wheelSource.ts';

export interface Difference {
  field: string;
  table: string;
  wheel: string;
}

/** One release on one platform, compared with the wheel that the source serves. */
export interface RowCheck {
  torch: string;
  platform: Platform;
  /** `missing`: the source has no such wheel; `failed`: it could not be read. */
  outcome: 'same' | 'different' | 'missing' | 'failed';
  variant: string | null;
  differences: Difference[];
  reading: TorchReading | null;
  problem: string | null;
  ms: number;
}

export interface VerifyOptions {
  platforms?: readonly Platform[];
  /** Torch versions; default all of the table. */
  only?: readonly string[];
  /** Wheels read at a time, default 6. */
  concurrency?: number;
  /** Compare torchvision and torchaudio too (default true). */
  companions?: boolean;
  onRow?: (row: RowCheck) => void;
}

export interface Verification {
  rows: RowCheck[];
  /** Releases that the source serves and the table lacks, newest last. */
  unknown: string[];
  ok: boolean;
}

const list = (values: readonly string[] | null): string => values?.join(' ') ?? 'unknown';

function compareVariant(release: Release, reading: TorchReading): [string, string | null, string | null][] {
  const row = release.variants[reading.variant];
  const build = row?.builds[reading.platform];
  if (row === undefined || build === undefined) return [['variant', 'none', reading.variant]];
  const glibc: [string, string | null, string | null] = ['glibc', build.glibc, reading.glibc];
  return [
    // a wheel that does not require the toolkit names major.minor alone
    ['cuda', reading.cuda === majorMinor(row.cuda) ? reading.cuda : row.cuda, reading.cuda],
    ['cudnn', row.cudnn, reading.cudnn ?? row.cudnn],
    ['nccl', row.nccl, reading.nccl ?? row.nccl],
    ['cusparselt', row.cusparselt, reading.cusparselt],
    ['nvshmem', row.nvshmem, reading.nvshmem],
    ['triton', release.triton, reading.triton ?? release.triton],
    ['architectures', list(build.architectures), list(reading.architectures)],
    ['ptx', build.ptx, reading.ptx],
    glibc,
  ];
}

/** Where a table's row and a reading disagree. */
export function compareReading(release: Release, reading: TorchReading): Difference[] {
  const pairs: [string, string | null, string | null][] = [
    ['index default', release.indexDefault[reading.platform] ?? 'none', reading.variant],
    ...(reading.cuda === null ? [] : compareVariant(release, reading)),
  ];
  return pairs.flatMap(([field, table, wheel]) =>
    table === wheel ? [] : [{ field, table: table ?? 'none', wheel: wheel ?? 'none' }],
  );
}

async function checkRow(
  source: WheelSource,
  row: { release: Release; platform: Platform },
  options: VerifyOptions,
): Promise<RowCheck> {
  const { release, platform } = row;
  const started = performance.now();
  const base = {
    torch: release.version,
    platform,
    variant: null,
    differences: [],
    reading: null,
    problem: null,
  };
  const done = (check: Partial<RowCheck> & Pick<RowCheck, 'outcome'>): RowCheck => ({
    ...base,
    ...check,
    ms: Math.round(performance.now() - started),
  });
  try {
    const wheels = (await listWheels(source, 'torch')).filter(
      (wheel) => wheel.version === release.version && wheel.platform === platform,
    );
    const wheel = pickWheel(wheels);
    if (wheel === undefined) return done({ outcome: 'missing' });
    const reading = await withWheel(source, { name: 'torch', file: wheel.file }, (reader) =>
      readTorchWheel(reader, wheel.file),
    );
    const differences = compareReading(release, reading);
    if (options.companions !== false)
      differences.push(...(await compareCompanions(source, release, platform)));
    return done({
      outcome: differences.length > 0 ? 'different' : 'same',
      variant: reading.variant,
      differences,
      reading,
    });
  } catch (error) {
    return done({ outcome: 'failed', problem: messageOf(error) });
  }
}

/** The table's torchvision and torchaudio must accept this torch; where it names none, no wheel may belong to it. */
async function compareCompanions(
  source: WheelSource,
  release: Release,
  platform: Platform,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const name of ['torchvision', 'torchaudio'] as const) {
    const version = release[name];
    if (version === null) {
      const found = await findCompanion(source, name, { torch: release.version, platform });
      if (found) differences.push({ field: name, table: 'none', wheel: found.version });
    } else if ((await accepts(source, { name, version, platform }, release.version)) !== true) {
      const found = await findCompanion(source, name, { torch: release.version, platform });
      differences.push({ field: name, table: version, wheel: found?.version ?? 'none' });
    }
  }
  return differences;
}

/** Runs `work` over `items`, at most `width` at a time; results in the order of the items. */
async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

/**
 * Compares the index-default row of every release with the wheel that a package source serves.
 * Reads about 10 MB a row.
 */
export async function verifyTables(
  tables: CompatTables,
  source: WheelSource,
  options: VerifyOptions = {},
): Promise<Verification> {
  const rows = tables.releases
    .filter((release) => options.only === undefined || options.only.includes(release.version))
    .flatMap((release) => (options.platforms ?? ['linux/amd64']).map((platform) => ({ release, platform })));
  const checks = await inParallel(rows, options.concurrency ?? 6, async (row) => {
    const check = await checkRow(source, row, options);
    options.onRow?.(check);
    return check;
  });
  const known = new Set(tables.releases.map((release) => release.version));
  const served = (await listWheels(source, 'torch')).map((wheel) => wheel.version.split('+')[0] ?? '');
  const oldest = tables.releases[0]?.version.split('.')[0] ?? '2';
  const unknown = [...new Set(served)].filter(
    (version) => !known.has(version) && Number(version.split('.')[0]) >= Number(oldest),
  );
  return { rows: checks, unknown, ok: checks.every((check) => check.outcome === 'same') };
}
