import { messageOf } from '../kernel/index.ts';
import { compareCompanions, compareReading } from './compareReading.ts';
import type { Difference } from './compareReading.ts';
import { pickWheel } from './learn.ts';
import { readTorchWheel } from './readWheel.ts';
import type { TorchReading } from './readWheel.ts';
import { servedVariants } from './served.ts';
import type { CompatTables, Platform, Release } from './tables.ts';
import { listWheels, withWheel } from './wheelSource.ts';
import type { ListedWheel, WheelSource } from './wheelSource.ts';

/** One release on one platform, compared with a wheel that the source serves. */
export interface RowCheck {
  torch: string;
  platform: Platform;
  /** Local tag of the wheel (`cu128`); null for the index's own, which has none. */
  tag: string | null;
  /** `missing`: the source has no such wheel; `failed`: it could not be read. */
  outcome: 'same' | 'different' | 'missing' | 'failed';
  /** What the wheel is. */
  variant: string | null;
  differences: Difference[];
  reading: TorchReading | null;
  problem: string | null;
  ms: number;
}

export interface VerifyOptions {
  /** Default: linux/amd64. */
  platforms?: readonly Platform[] | undefined;
  /** Torch versions; default all of the table. */
  only?: readonly string[] | undefined;
  /** Wheels read at a time, default 6. */
  concurrency?: number | undefined;
  /** Compare torchvision and torchaudio too (default true). */
  companions?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onRow?: ((row: RowCheck) => void) | undefined;
}

export interface Verification {
  /** In the order of the table. */
  rows: RowCheck[];
  /** Releases that the source serves and the table lacks, oldest first. */
  unknown: string[];
  ok: boolean;
}

interface Row {
  release: Release;
  platform: Platform;
  tag: string | null;
  /** Of this release, platform and tag. */
  wheels: ListedWheel[];
}

/** The index's own wheel of every release, and each tagged variant of the table that the source has as well. */
function rowsOf(tables: CompatTables, all: readonly ListedWheel[], options: VerifyOptions): Row[] {
  const releases = tables.releases.filter(
    ({ version }) => options.only === undefined || options.only.includes(version),
  );
  return releases.flatMap((release) =>
    (options.platforms ?? ['linux/amd64']).flatMap((platform) => {
      const here = all.filter(
        (wheel) => wheel.platform === platform && wheel.version.split('+')[0] === release.version,
      );
      const tagged = [...new Set(here.map((wheel) => wheel.version))]
        .map((version) => version.split('+')[1] ?? null)
        .filter((tag) => tag !== null && tag in release.variants);
      const untagged = here.some((wheel) => wheel.version === release.version) || tagged.length === 0;
      return [...(untagged ? [null] : []), ...tagged].map((tag) => {
        const version = tag === null ? release.version : `${release.version}+${tag}`;
        return { release, platform, tag, wheels: here.filter((wheel) => wheel.version === version) };
      });
    }),
  );
}

async function checkRow(source: WheelSource, row: Row, options: VerifyOptions): Promise<RowCheck> {
  const { release, platform, tag, wheels } = row;
  const started = performance.now();
  const check: RowCheck = {
    torch: release.version,
    platform,
    tag,
    outcome: 'missing',
    variant: null,
    differences: [],
    reading: null,
    problem: null,
    ms: 0,
  };
  try {
    const wheel = pickWheel(wheels);
    if (wheel !== undefined) {
      const { file } = wheel;
      check.reading = await withWheel(source, { name: 'torch', file }, (reader) =>
        readTorchWheel(reader, file),
      );
      check.variant = check.reading.variant;
      check.differences = compareReading(release, check.reading, tag === null);
      if (options.companions !== false && tag === null)
        check.differences.push(...(await compareCompanions(source, release, platform)));
      check.outcome = check.differences.length > 0 ? 'different' : 'same';
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    check.outcome = 'failed';
    check.problem = messageOf(error);
  }
  check.ms = Math.round(performance.now() - started);
  return check;
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
 * Compares the rows of the tables with the wheels that a package source serves, about 10 MB a row.
 * A wheel that is missing or cannot be read is a row's outcome; only the index itself failing throws.
 */
export async function verifyTables(
  tables: CompatTables,
  source: WheelSource,
  options: VerifyOptions = {},
): Promise<Verification> {
  const all = await listWheels(source, 'torch');
  const rows = await inParallel(rowsOf(tables, all, options), options.concurrency ?? 6, async (row) => {
    options.signal?.throwIfAborted();
    const check = await checkRow(source, row, options);
    options.onRow?.(check);
    return check;
  });
  const { unknown } = servedVariants(
    all.map((wheel) => wheel.version),
    'linux/amd64',
    tables,
  );
  return { rows, unknown, ok: rows.every((row) => row.outcome === 'same') };
}
