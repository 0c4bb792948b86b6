import type { CompatTables, Release } from './tables.ts';
import { asTables, shapeProblems } from './tablesSchema.ts';
import { compareDotted, major, majorMinor } from './versions.ts';

const PLATFORMS = ['linux/amd64', 'linux/arm64'] as const;

function repeated(values: readonly (string | number)[]): (string | number)[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

function ascending(values: readonly string[]): boolean {
  return values.every((value, index) => index === 0 || compareDotted(values[index - 1] ?? '0', value) < 0);
}

function defaultProblems(release: Release): string[] {
  return PLATFORMS.flatMap((platform) => {
    const variant = release.indexDefault[platform];
    if (variant === undefined) return [];
    const there = variant === 'cpu' ? release.cpu[platform] : release.variants[variant]?.builds[platform];
    return there === undefined
      ? [`torch ${release.version}: the index default of ${platform} is ${variant}, which has no build there`]
      : [];
  });
}

/** A variant's name, CUDA and architectures must tell the same story. */
function variantProblems(release: Release, tables: CompatTables): string[] {
  return Object.entries(release.variants).flatMap(([name, row]) => {
    const where = `torch ${release.version} ${name}`;
    const problems: string[] = [];
    if (name !== `cu${majorMinor(row.cuda).replace('.', '')}`)
      problems.push(`${where}: its CUDA is ${row.cuda}`);
    const minimum = tables.drivers.toolkitMinimum.find((entry) => entry.cudaMajor === major(row.cuda));
    if (!tables.drivers.floors.some((entry) => entry.cudaMajor === major(row.cuda)))
      problems.push(`${where}: no driver floor for CUDA ${major(row.cuda)}`);
    if (Object.keys(row.builds).length === 0) problems.push(`${where}: no build for any platform`);
    for (const build of Object.values(row.builds)) {
      const list = build.architectures ?? [];
      if (!ascending(list)) problems.push(`${where}: architectures are not in order: ${list.join(', ')}`);
      const below = list.find(
        (architecture) => minimum && compareDotted(architecture, minimum.computeCapability) < 0,
      );
      if (below !== undefined) problems.push(`${where}: CUDA ${row.cuda} cannot build for ${below}`);
      const newest = list.at(-1);
      if (build.ptx !== null && newest !== undefined && compareDotted(build.ptx, newest) > 0)
        problems.push(`${where}: PTX for ${build.ptx} is above its newest machine code ${newest}`);
      problems.push(...pinProblems(where, row, build.nvidia));
    }
    return problems;
  });
}

/** Where a wheel's own pins are kept, they are the ones of the row. */
function pinProblems(
  where: string,
  row: Release['variants'][string],
  pins: Record<string, string>,
): string[] {
  const pinned = (prefix: string): string | undefined =>
    Object.entries(pins).find(([name]) => name.startsWith(prefix))?.[1];
  const pairs: [string, string | null][] = [
    ['nvidia-cudnn', row.cudnn],
    ['nvidia-nccl', row.nccl],
    ['nvidia-cusparselt', row.cusparselt],
    ['nvidia-nvshmem', row.nvshmem],
    ['cuda-toolkit', row.cuda],
  ];
  return pairs.flatMap(([prefix, value]) => {
    const pin = pinned(prefix);
    return pin === undefined || pin === value
      ? []
      : [`${where}: the row says ${prefix} ${value ?? 'none'}, the wheel pins ${pin}`];
  });
}

/** A release without the packages that belong to it is of no use to anyone. */
function pairProblems(release: Release): string[] {
  const problems: string[] = [];
  const where = `torch ${release.version}`;
  if (release.torchvision === null && release.status === 'reviewed')
    problems.push(`${where}: no torchvision`);
  if (release.triton === null && release.status === 'reviewed') problems.push(`${where}: no triton`);
  if (compareDotted(release.python.min, release.python.max) > 0)
    problems.push(`${where}: Python ${release.python.min} to ${release.python.max}`);
  if (Object.keys(release.variants).length === 0 && Object.keys(release.cpu).length === 0)
    problems.push(`${where}: no variant at all`);
  return problems;
}

function sourceProblems(tables: CompatTables): string[] {
  const rows: [string, readonly string[]][] = [
    ...tables.releases.flatMap((release): [string, readonly string[]][] => [
      [`torch ${release.version}`, release.sources],
      ...Object.entries(release.variants).map(([name, row]): [string, string[]] => [
        `torch ${release.version} ${name}`,
        row.sources,
      ]),
    ]),
    ...Object.entries(tables.drivers).flatMap(([name, list]) =>
      (list as { sources: string[] }[]).map((row): [string, string[]] => [`drivers.${name}`, row.sources]),
    ),
    ...tables.gpus.map((gpu): [string, string[]] => [gpu.name, gpu.sources]),
    ...tables.features.map((row): [string, string[]] => [row.feature, row.sources]),
    ...tables.issues.map((issue): [string, string[]] => [`issue ${issue.id}`, issue.sources]),
  ];
  const unfounded = tables.issues
    .filter((issue) => issue.links.length + issue.sources.length === 0)
    .map((issue) => `issue ${issue.id}: neither link nor source`);
  const unlisted = rows.flatMap(([name, keys]) =>
    keys.filter((key) => !(key in tables.sources)).map((key) => `${name}: source "${key}" is not listed`),
  );
  return [...unfounded, ...unlisted];
}

function orderProblems(tables: CompatTables): string[] {
  const { releases, drivers, gpus, issues } = tables;
  const twice = [
    ...repeated(releases.map((release) => release.version)).map(
      (version) => `torch ${version} is there twice`,
    ),
    ...repeated(gpus.map((gpu) => gpu.name)).map((name) => `${name} is there twice`),
    ...repeated(issues.map((issue) => issue.id)).map((id) => `issue ${id} is there twice`),
    ...repeated(drivers.floors.map((row) => row.cudaMajor)).map(
      (cuda) => `CUDA ${cuda} has two driver floors`,
    ),
  ];
  const order = [
    ascending(releases.map((release) => release.version)) || twice.length > 0
      ? []
      : ['releases are not in order'],
    ascending(drivers.branches.map((row) => String(row.branch))) ? [] : ['driver branches are not in order'],
    ascending(drivers.branches.map((row) => row.cuda)) ? [] : ['a newer driver branch knows an older CUDA'],
  ];
  return [...twice, ...order.flat()];
}

/** Everything wrong with a document that is to be tables: its shape, then what contradicts what. Empty when it is good. */
export function tableProblems(document: unknown): string[] {
  const shape = shapeProblems(document);
  if (shape.length > 0) return shape;
  const tables = asTables(document);
  return [
    ...orderProblems(tables),
    ...tables.releases.flatMap((release) => [
      ...pairProblems(release),
      ...defaultProblems(release),
      ...variantProblems(release, tables),
    ]),
    ...sourceProblems(tables),
  ];
}
