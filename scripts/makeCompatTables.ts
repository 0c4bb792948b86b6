/**
 * Makes src/compat/tables/*.json from the facts file: `tsx scripts/makeCompatTables.ts --facts FILE [--readings FILE]`.
 * Readings are what `rig compat learn` read out of wheels; they add exact requirements and per-platform architectures.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gpuClassOf } from '../src/compat/gpuNames.ts';
import type {
  Build,
  CompatTables,
  Confidence,
  DriverFacts,
  Gpu,
  KnownIssue,
  Platform,
  Release,
  Variant,
} from '../src/compat/tables.ts';
import type { Facts, FactsRelease, FactsVariant } from './compatFacts.ts';

const OUT = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'compat', 'tables');

/** Registries are named by what they are, never by their host. */
function scrub(text: string): string {
  return text
    .replaceAll(/\bdownload\.\w+\.org(?:\/whl)?\b/g, "the project's own index")
    .replaceAll(/\bPyPI('s)?\b/g, 'Python index$1');
}

const words = (...texts: (string | null | undefined)[]): string[] =>
  texts.filter((text): text is string => typeof text === 'string' && text !== '').map(scrub);

/** `13.0.2-level components (…)` -> version and the rest as a note. */
function splitVersion(text: string | null): { version: string | null; rest: string | null } {
  if (text === null) return { version: null, rest: null };
  const match = /^(\d+(?:\.\d+)*)(.*)$/s.exec(text);
  if (!match) throw new Error(`no version in ${JSON.stringify(text)}`);
  const rest = (match[2] ?? '').trim();
  return { version: match[1] ?? null, rest: rest === '' ? null : rest };
}

/** Lowest glibc of one wheel: the facts give one number, or one per variant. */
function glibcOf(release: FactsRelease, variant: string, platform: Platform): string {
  const minimum = release.manylinux.glibc_min;
  if (platform === 'linux/arm64') {
    const tag = /manylinux_(\d+)_(\d+)/.exec(release.manylinux.linux_aarch64_tag);
    if (tag) return `${tag[1]}.${tag[2]}`;
  }
  if (typeof minimum === 'string') return minimum;
  const own = minimum[variant];
  if (own === undefined) throw new Error(`torch ${release.version} ${variant}: no glibc`);
  return own;
}

function sourcesOf(release: FactsRelease, facts: FactsVariant, isDefault: boolean): string[] {
  const scripts =
    Number(release.version.split('.')[1]) <= 4 ? ['matrix', 'builder'] : ['matrix', 'build_cuda'];
  const found = facts.evidence.startsWith('wheel_metadata') ? ['metadata'] : scripts;
  return isDefault ? [...found, 'wheels'] : found;
}

function makeVariant(release: FactsRelease, name: string, facts: FactsVariant): Variant {
  const cuda = splitVersion(facts.cuda_toolkit);
  const cusparselt = splitVersion(facts.cusparselt);
  const builds: Variant['builds'] = {};
  const isDefault = release.verified_index_default.variant === name;
  if (facts.platforms.includes('linux_x86_64')) {
    const verified = isDefault ? release.verified_index_default : undefined;
    builds['linux/amd64'] = {
      architectures: facts.arch_x86_64,
      ptx: facts.ptx_x86_64,
      glibc: glibcOf(release, name, 'linux/amd64'),
      nvidia: {},
      ...(verified && { read: verified.on }),
    };
    if (verified && String(verified.arch_flags) !== String(facts.arch_x86_64))
      throw new Error(`${release.version} ${name}: flags differ`);
  }
  if (facts.platforms.includes('linux_aarch64')) {
    builds['linux/arm64'] = {
      architectures: facts.arch_aarch64,
      ptx: facts.ptx_aarch64,
      glibc: glibcOf(release, name, 'linux/arm64'),
      nvidia: {},
    };
  }
  return {
    cuda: cuda.version ?? '',
    cudnn: facts.cudnn,
    nccl: facts.nccl,
    cusparselt: cusparselt.rest === null ? cusparselt.version : null,
    nvshmem: facts.nvshmem,
    builds,
    confidence: facts.confidence ?? 'high',
    notes: words(
      cuda.rest && `CUDA ${cuda.version} ${cuda.rest}`,
      cusparselt.rest && `cuSPARSELt ${cusparselt.version} is linked in`,
      facts.note,
    ),
    sources: sourcesOf(release, facts, isDefault),
  };
}

function makeRelease(facts: FactsRelease): Release {
  const amd = facts.pypi_default.linux_x86_64;
  const arm = facts.pypi_default.linux_aarch64;
  return {
    version: facts.version,
    date: /^\d{4}-\d{2}(?:-\d{2})?/.exec(facts.date)?.[0] ?? null,
    torchvision: facts.torchvision,
    torchaudio: facts.torchaudio,
    triton: facts.triton,
    python: { min: facts.python.min, max: facts.python.max },
    indexDefault: { ...(amd && { 'linux/amd64': amd }), ...(arm && { 'linux/arm64': arm }) },
    cpu: facts.cpu_wheel
      ? {
          'linux/amd64': glibcOf(facts, 'cpu', 'linux/amd64'),
          'linux/arm64': glibcOf(facts, 'cpu', 'linux/arm64'),
        }
      : {},
    variants: Object.fromEntries(
      Object.entries(facts.variants).map(([name, variant]) => [name, makeVariant(facts, name, variant)]),
    ),
    status: 'reviewed',
    notes: words(facts.note, facts.python.note && `Python: ${facts.python.note}`, facts.torchvision_note),
    sources: ['RELEASE.md', 'releaseDates', 'pairs', 'indexDefault', 'wheels'],
  };
}

/** Families of the facts' first-driver table -> the compute capabilities they mean. */
const FAMILY_CAPABILITIES: Record<string, string[]> = {
  Volta: ['7.0'],
  Turing: ['7.5'],
  'Ampere GA100': ['8.0'],
  'Ampere GA10x': ['8.6'],
  Ada: ['8.9'],
  Hopper: ['9.0'],
  Blackwell: ['10.0', '12.0'],
  'Blackwell Ultra (B300/GB300)': ['10.3'],
  'Thor (JetPack 7)': ['11.0'],
};

function makeDrivers(facts: Facts['part2_cuda_driver'], rule: Record<string, string>): DriverFacts {
  const floors = [11, 12, 13].map((cudaMajor) => {
    const driver = rule[`cu${cudaMajor}x`];
    if (driver === undefined) throw new Error(`no driver floor of CUDA ${cudaMajor}`);
    return { cudaMajor, driver, sources: ['mvc', 'uv'] };
  });
  const table = facts.driver_branch_to_max_cuda.table;
  return {
    floors,
    branches: Object.entries(table).map(([branch, cuda]) => ({
      branch: Number(branch),
      cuda,
      lifecycle: facts.branch_lifecycle.table[branch] ?? null,
      sources: ['toolkitnotes', 'eol'],
    })),
    shipped: [...facts.toolkit_shipped_driver.older_11x_linux, ...facts.toolkit_shipped_driver.table]
      .filter(({ linux_driver }) => /^\d+\.[\d.]+/.test(linux_driver) && !linux_driver.includes('x'))
      .map(({ cuda, linux_driver }) => ({
        cuda,
        driver: /^[\d.]+/.exec(linux_driver)?.[0] ?? '',
        sources: ['toolkitnotes', 'spack'],
      })),
    toolkitMinimum: Object.entries(facts.toolkit_min_compute_capability.table).map(
      ([range, computeCapability]) => ({
        cudaMajor: Number.parseInt(range, 10),
        computeCapability,
        sources: ['spack', 'toolkitnotes'],
      }),
    ),
    firstBranch: Object.entries(facts.first_driver_branch_for_gpu_family.table).flatMap(([family, text]) =>
      (FAMILY_CAPABILITIES[family] ?? []).map((computeCapability) => ({
        computeCapability,
        // `575-580`, `520 (525 in practice)`: the lowest, so that a machine that works is never refused
        branch: Number.parseInt(text, 10),
        family,
        confidence: (family === 'Blackwell' ? 'high' : 'low') satisfies Confidence,
        sources: ['driverNotes'],
      })),
    ),
    lastBranch: [{ below: '7.5', branch: 580, families: 'Maxwell, Pascal and Volta', sources: ['eol'] }],
    forward: Object.entries(facts.forward_compat.allowed_driver_branches_per_cuda_image.table).map(
      ([cuda, branches]) => ({
        cuda,
        branches,
        sources: ['fwd', 'requireCuda'],
      }),
    ),
  };
}

function makeGpu(facts: Facts['part3_gpus']['gpus'][number]): Gpu {
  const bandwidth =
    typeof facts.mem_bw_gbs === 'number'
      ? [facts.mem_bw_gbs]
      : [...facts.mem_bw_gbs.matchAll(/(\d+) \(/g)].map((match) => Number(match[1]));
  return {
    name: facts.name,
    class: gpuClassOf(facts.name, facts.family),
    family: facts.family,
    computeCapability: facts.cc,
    memoryGb: facts.mem_gb,
    bandwidth,
    tflops: facts.dense_tflops,
    confidence: facts.confidence,
    notes: words(facts.note),
    sources: ['gpuCapability', 'gpuRates'],
  };
}

/** Cards that the facts leave out, without rates: name, family, compute capability, GB (lists of NVIDIA's CUDA GPUs). */
const MORE_GPUS: [string, string, string, number[]][] = [
  ['GTX 980 Ti', 'Maxwell', '5.2', [6]],
  ['GTX Titan X', 'Maxwell', '5.2', [12]],
  ['M40', 'Maxwell', '5.2', [12, 24]],
  ['M60', 'Maxwell', '5.2', [8]],
  ['P100', 'Pascal', '6.0', [12, 16]],
  ['P40', 'Pascal', '6.1', [24]],
  ['P4', 'Pascal', '6.1', [8]],
  ['Titan Xp', 'Pascal', '6.1', [12]],
  ['GTX 1080 Ti', 'Pascal', '6.1', [11]],
  ['GTX 1080', 'Pascal', '6.1', [8]],
  ['GTX 1070 Ti', 'Pascal', '6.1', [8]],
  ['GTX 1070', 'Pascal', '6.1', [8]],
  ['GTX 1060', 'Pascal', '6.1', [3, 6]],
  ['GTX 1050 Ti', 'Pascal', '6.1', [4]],
  ['Titan V', 'Volta', '7.0', [12]],
  ['GTX 1660 Ti', 'Turing', '7.5', [6]],
  ['GTX 1660', 'Turing', '7.5', [6]],
  ['GTX 1650', 'Turing', '7.5', [4]],
  ['RTX 2080 SUPER', 'Turing', '7.5', [8]],
  ['RTX 2070 SUPER', 'Turing', '7.5', [8]],
  ['Quadro RTX 4000', 'Turing', '7.5', [8]],
  ['Quadro RTX 5000', 'Turing', '7.5', [16]],
  ['Quadro RTX 6000', 'Turing', '7.5', [24]],
  ['Quadro RTX 8000', 'Turing', '7.5', [48]],
  ['A800', 'Ampere', '8.0', [40, 80]],
  ['A2', 'Ampere', '8.6', [16]],
  ['A16', 'Ampere', '8.6', [16]],
  ['RTX A2000', 'Ampere', '8.6', [6, 12]],
  ['RTX A4000', 'Ampere', '8.6', [16]],
  ['RTX A4500', 'Ampere', '8.6', [20]],
  ['RTX A5000', 'Ampere', '8.6', [24]],
  ['RTX A5500', 'Ampere', '8.6', [24]],
  ['RTX 3070 Ti', 'Ampere', '8.6', [8]],
  ['RTX 3060 Ti', 'Ampere', '8.6', [8]],
  ['RTX 3050', 'Ampere', '8.6', [6, 8]],
  ['RTX 2000 Ada', 'Ada', '8.9', [16]],
  ['RTX 4000 Ada', 'Ada', '8.9', [20]],
  ['RTX 4500 Ada', 'Ada', '8.9', [24]],
  ['RTX 5000 Ada', 'Ada', '8.9', [32]],
  ['RTX 4070 SUPER', 'Ada', '8.9', [12]],
  ['RTX 4070 Ti SUPER', 'Ada', '8.9', [16]],
  ['L20', 'Ada', '8.9', [48]],
  ['H20', 'Hopper', '9.0', [96, 141]],
  ['H800', 'Hopper', '9.0', [80]],
  ['RTX 5050', 'Blackwell', '12.0', [8]],
  ['Jetson Xavier', 'Volta (Tegra)', '7.2', [8, 16, 32]],
];

function plainGpu([name, family, computeCapability, memoryGb]: (typeof MORE_GPUS)[number]): Gpu {
  const tflops = { fp32: null, tf32: null, bf16: null, fp16: null, fp8: null };
  const gpuClass = gpuClassOf(name, family);
  return {
    name,
    class: gpuClass,
    family,
    computeCapability,
    memoryGb,
    bandwidth: [],
    tflops,
    confidence: 'medium',
    notes: [],
    sources: ['gpuCapability'],
  };
}

function makeFeatures(rules: Record<string, string>): CompatTables['features'] {
  const lowest = (rule: string): string => /\d+\.\d/.exec(rules[rule] ?? '')?.[0] ?? '';
  return [
    { feature: 'compile', computeCapability: lowest('triton_min_cc'), sources: ['triton'] },
    { feature: 'tf32', computeCapability: lowest('tf32_hw'), sources: ['gpuCapability'] },
    { feature: 'bf16', computeCapability: lowest('bf16_hw'), sources: ['gpuCapability'] },
    { feature: 'fp8', computeCapability: lowest('fp8_hw'), sources: ['gpuCapability'] },
    { feature: 'fp4', computeCapability: lowest('fp4_hw'), sources: ['gpuCapability'] },
    { feature: 'flash-attention', computeCapability: '8.0', sources: ['flash'] },
  ];
}

/** Links that the facts give as a repository and path, or as another part of the facts. */
function linksAndSources(links: readonly string[]): Pick<KnownIssue, 'links' | 'sources'> {
  const urls = links.flatMap((link) => {
    const [, repository, commit, path] = /^([\w-]+\/[\w-]+) @([0-9a-f]+) (\S+)$/.exec(link) ?? [];
    if (path !== undefined) return [`https://github.com/${repository}/blob/${commit}/${path}`];
    return link.startsWith('https://') ? [link] : [];
  });
  const parts = links.flatMap((link) =>
    link.startsWith('part 2') ? ['requireCuda'] : link.startsWith('part 1') ? ['pairs'] : [],
  );
  return { links: urls, sources: parts };
}

const makeIssue = (facts: Facts['part4_known_issues']['issues'][number]): KnownIssue => ({
  id: facts.id,
  symptom: scrub(facts.symptom),
  cause: scrub(facts.cause),
  remedy: scrub(facts.remedy),
  detect: facts.detect === undefined ? null : scrub(facts.detect),
  confidence: facts.confidence,
  ...linksAndSources(facts.links),
});

function makeSources(facts: Facts): Record<string, string> {
  const part1 = facts.part1_pytorch_releases;
  const [capability, rates] = facts.part3_gpus.source;
  return Object.fromEntries(
    Object.entries({
      ...facts.meta.sources,
      releaseDates: part1.source_release_dates,
      pairs: part1.source_torchvision_torchaudio,
      indexDefault: part1.source_pypi_default,
      wheels: part1.verification_2026_11_21.what,
      driverNotes: facts.part2_cuda_driver.first_driver_branch_for_gpu_family.source,
      requireCuda: facts.part2_cuda_driver.forward_compat.allowed_driver_branches_per_cuda_image.source,
      gpuCapability: capability ?? '',
      gpuRates: rates ?? '',
      triton: facts.part3_gpus.rules['triton_min_cc'] ?? '',
      read: 'the wheel itself, read by `rig compat learn` or `rig compat verify`',
      flash:
        "torch's own flash attention kernels and the flash-attn package are compiled for sm_80 and newer",
    }).map(([key, text]) => [key, scrub(text)]),
  );
}

/** What a reading adds to the row of its wheel. */
interface Reading extends Pick<Build, 'architectures' | 'ptx' | 'glibc' | 'nvidia' | 'triton' | 'read'> {
  version: string;
  variant: string;
  platform: Platform;
}

function applyReading(releases: Release[], reading: Reading): void {
  const { version, variant, platform, ...build } = reading;
  const row = releases.find((release) => release.version === version)?.variants[variant];
  if (row === undefined) throw new Error(`reading of torch ${version} ${variant}: no such row`);
  const before = row.builds[platform];
  if (before?.ptx && build.ptx === null)
    row.notes.push(
      `${platform}: the PTX that the build scripts claim is not in the wheel (read ${build.read})`,
    );
  row.builds[platform] = build;
  if (!row.sources.includes('read')) row.sources.push('read');
}

async function write(name: string, value: unknown): Promise<void> {
  await writeFile(join(OUT, name), `${JSON.stringify(value, null, 1)}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { facts: { type: 'string' }, readings: { type: 'string' } } });
  if (values.facts === undefined) throw new Error('give the facts: --facts FILE');
  const facts = JSON.parse(await readFile(values.facts, 'utf8')) as Facts;
  const releases = facts.part1_pytorch_releases.releases.map(makeRelease);
  const readingsFile = values.readings ?? join(OUT, 'readings.json');
  const readings = JSON.parse(await readFile(readingsFile, 'utf8')) as Reading[];
  for (const reading of readings) applyReading(releases, reading);
  await write('releases.json', {
    format: 1,
    date: facts.meta.generated,
    sources: makeSources(facts),
    releases,
    features: makeFeatures(facts.part3_gpus.rules),
  });
  await write(
    'drivers.json',
    makeDrivers(facts.part2_cuda_driver, facts.part1_pytorch_releases.min_driver_rule),
  );
  await write('gpus.json', [...facts.part3_gpus.gpus.map(makeGpu), ...MORE_GPUS.map(plainGpu)]);
  await write('issues.json', facts.part4_known_issues.issues.map(makeIssue));
}

await main();
