import { parseWheelName } from '../sources/index.ts';

/** The interpreter and platform that wheels are chosen for. */
export interface WheelTarget {
  /** Major.minor of CPython. */
  python: string;
  platform: 'linux/amd64' | 'linux/arm64';
  /** C library of the image: `2.36`. */
  glibc: string;
}

const MACHINES = { 'linux/amd64': 'x86_64', 'linux/arm64': 'aarch64' } as const;

/** The machine as wheels and uv call it. */
export function machineOf(platform: WheelTarget['platform']): string {
  return MACHINES[platform];
}

// PEP 513, 571 and 599 are older names of PEP 600's tags.
const LEGACY: Record<number, string> = { 17: 'manylinux2014', 12: 'manylinux2010', 5: 'manylinux1' };

/** Platform tags, the newest manylinux first, the plain `linux` last (PEP 600; the order of `packaging.tags`). */
function platformTags(target: WheelTarget): string[] {
  const machine = machineOf(target.platform);
  const lowest = machine === 'x86_64' ? 5 : 17;
  const tags: string[] = [];
  for (let minor = Number(target.glibc.split('.')[1]); minor >= lowest; minor -= 1) {
    tags.push(`manylinux_2_${minor}_${machine}`);
    const old = LEGACY[minor];
    if (old !== undefined) tags.push(`${old}_${machine}`);
  }
  return [...tags, `linux_${machine}`];
}

/** Every tag that the target can use -> its rank, 0 the best: the order of PEP 425 as pip applies it. */
export function rankTags(target: WheelTarget): ReadonlyMap<string, number> {
  const minor = Number(target.python.split('.')[1]);
  const platforms = platformTags(target);
  const own = `cp3${minor}`;
  const older = Array.from({ length: minor }, (_, step) => minor - 1 - step);
  const generic = [`py3${minor}`, 'py3', ...older.map((version) => `py3${version}`)];
  const ranks = new Map<string, number>();
  const add = (tag: string): unknown => ranks.has(tag) || ranks.set(tag, ranks.size);
  for (const [python, abi] of [
    [own, own],
    [own, 'abi3'],
    [own, 'none'],
    ...older.filter((version) => version >= 2).map((version) => [`cp3${version}`, 'abi3']),
    ...generic.map((python) => [python, 'none']),
  ])
    for (const platform of platforms) add(`${python}-${abi}-${platform}`);
  for (const python of [own, ...generic]) add(`${python}-none-any`);
  return ranks;
}

/** The rank of a wheel's best tag, or undefined when the target cannot use it. */
export function rankWheel(file: string, ranks: ReadonlyMap<string, number>): number | undefined {
  const wheel = parseWheelName(file);
  if (!wheel) return undefined;
  let best: number | undefined;
  for (const python of wheel.python.split('.'))
    for (const abi of wheel.abi.split('.'))
      for (const platform of wheel.platforms) {
        const rank = ranks.get(`${python}-${abi}-${platform}`);
        if (rank !== undefined && (best === undefined || rank < best)) best = rank;
      }
  return best;
}

/** The number and the rest of a build tag, for comparing (PEP 427): no tag is the lowest. */
function buildOrder(build: string | undefined): [number, string] {
  const match = /^(\d+)(.*)$/.exec(build ?? '');
  return match ? [Number(match[1]), match[2] ?? ''] : [-1, ''];
}

/**
 * The one wheel that pip would take of several of one version: the best tag, then the highest build, then the first name.
 * Undefined when the target can use none.
 */
export function chooseWheel<T extends { file: string }>(
  wheels: readonly T[],
  ranks: ReadonlyMap<string, number>,
): T | undefined {
  const usable = wheels.flatMap((wheel) => {
    const rank = rankWheel(wheel.file, ranks);
    return rank === undefined ? [] : [{ wheel, rank, build: buildOrder(parseWheelName(wheel.file)?.build) }];
  });
  usable.sort(
    (a, b) =>
      a.rank - b.rank ||
      b.build[0] - a.build[0] ||
      (a.build[1] < b.build[1] ? 1 : a.build[1] > b.build[1] ? -1 : 0) ||
      (a.wheel.file < b.wheel.file ? -1 : 1),
  );
  return usable[0]?.wheel;
}
