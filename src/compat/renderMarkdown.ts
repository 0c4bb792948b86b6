import { solve } from './solve.ts';
import type { SolveHost } from './solveTypes.ts';
import type { Build, CompatTables, Release } from './tables.ts';
import { compareDotted } from './versions.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const rate = (value: number | null): string => (value === null ? '—' : String(value));

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** One card of each generation, by a name that people know. */
const GENERATIONS: readonly [string, string][] = [
  ['Pascal (P100)', '6.0'],
  ['Volta (V100)', '7.0'],
  ['Turing (T4, RTX 20)', '7.5'],
  ['Ampere (A100)', '8.0'],
  ['Ampere (RTX 30, A10)', '8.6'],
  ['Ada (RTX 40, L4, L40S)', '8.9'],
  ['Hopper (H100, H200)', '9.0'],
  ['Blackwell (B200)', '10.0'],
  ['Blackwell Ultra (B300)', '10.3'],
  ['Blackwell (RTX 50, RTX PRO)', '12.0'],
];

/** Driver branches that the matrix shows: those that people still run. */
const BRANCHES = ['470', '535', '550', '570', '580', '595', '610'];

function newestFor(computeCapability: string, driver: string, tables: CompatTables): string {
  const host: SolveHost = {
    platform: 'linux/amd64',
    driver: { kernelModule: driver },
    gpus: [{ name: `sm ${computeCapability}`, computeCapability, class: 'datacenter' }],
  };
  const result = solve({}, host, tables);
  return result.ok ? `${result.plan.torch} ${result.plan.variant}` : '—';
}

function matrix(tables: CompatTables): string {
  const head = ['GPU', 'CC', ...BRANCHES.map((branch) => `driver ${branch}`)];
  const rows = GENERATIONS.map(([name, capability]) =>
    [name, capability].concat(BRANCHES.map((driver) => newestFor(capability, driver, tables))),
  );
  return table(head, rows);
}

function releaseCells(release: Release): string[] {
  return [
    release.status === 'read' ? `${release.version} (read, not reviewed)` : release.version,
    release.date ?? '?',
    Object.keys(release.variants).join(' '),
    release.indexDefault['linux/amd64'] ?? '—',
    release.indexDefault['linux/arm64'] ?? '—',
    release.torchvision ?? '—',
    release.torchaudio ?? '—',
    release.triton ?? '—',
    `${release.python.min}–${release.python.max}`,
  ];
}

function releaseTable(tables: CompatTables): string {
  const head = [
    'torch',
    'date',
    'CUDA variants',
    'index default x86-64',
    'aarch64',
    'torchvision',
    'torchaudio',
    'triton',
    'Python',
  ];
  return table(head, tables.releases.toReversed().map(releaseCells));
}

const architectures = (build: Build | undefined): string =>
  build === undefined
    ? '—'
    : `${build.architectures?.join(' ') ?? 'not known'}${build.ptx === null ? '' : ` +PTX ${build.ptx}`}`;

function variantTable(tables: CompatTables): string {
  const rows = tables.releases
    .toReversed()
    .flatMap((release) =>
      Object.entries(release.variants).map(([name, row]) => [
        release.version,
        name,
        row.cuda,
        row.cudnn ?? '—',
        row.nccl ?? '—',
        architectures(row.builds['linux/amd64']),
        architectures(row.builds['linux/arm64']),
        row.builds['linux/amd64']?.glibc ?? row.builds['linux/arm64']?.glibc ?? '',
        Object.values(row.builds).some((build) => build.read !== undefined) ? 'wheel' : row.confidence,
      ]),
    );
  return table(
    ['torch', 'variant', 'CUDA', 'cuDNN', 'NCCL', 'x86-64', 'aarch64', 'glibc', 'known from'],
    rows,
  );
}

function driverTables(tables: CompatTables): string {
  const floors = table(
    ['CUDA', 'lowest Linux driver'],
    tables.drivers.floors.map((row) => [`${row.cudaMajor}.x`, row.driver]),
  );
  const branches = table(
    ['driver', 'newest CUDA of its own', 'life'],
    tables.drivers.branches.toReversed().map((row) => [String(row.branch), row.cuda, row.lifecycle ?? '']),
  );
  const last = tables.drivers.lastBranch.map(
    (row) => `Driver ${row.branch} is the last for ${row.families}.`,
  );
  return [floors, ...last, branches].join('\n\n');
}

function gpuTable(tables: CompatTables): string {
  const rows = tables.gpus
    .toSorted((a, b) => compareDotted(b.computeCapability, a.computeCapability))
    .map((gpu) => [
      gpu.name,
      gpu.computeCapability,
      gpu.memoryGb.join('/'),
      gpu.bandwidth.join('/') || '—',
      rate(gpu.tflops.fp32),
      rate(gpu.tflops.tf32),
      rate(gpu.tflops.bf16),
      rate(gpu.tflops.fp8),
    ]);
  return table(['GPU', 'CC', 'GB', 'GB/s', 'fp32', 'tf32', 'bf16', 'fp8'], rows);
}

function issueTable(tables: CompatTables): string {
  return table(
    ['id', 'symptom', 'cause', 'remedy'],
    tables.issues.map((issue) => [issue.id, issue.symptom, issue.cause, issue.remedy]),
  );
}

/** docs/compatibility.md: the whole matrix as a page. */
export function renderMarkdownMatrix(tables: CompatTables): string {
  return `# Compatibility

Made from the tables of ${tables.date} by \`rig compat --markdown\`; do not edit. \`rig compat\` prints the row of the machine
it runs on, \`rig compat solve --gpu NAME --driver VERSION\` that of any other, with the reasons.

## Which torch for which GPU and driver

The newest release that works on Linux x86-64, and its CUDA variant. A cubin runs on GPUs of its own major compute
capability with the same or a higher minor one; the driver must reach the floor of the CUDA major version.

${matrix(tables)}

## Releases

torchvision, torchaudio and triton belong to their torch: a resolver alone pairs them wrongly. — in torchaudio: none
belongs to this torch.

${releaseTable(tables)}

## Variants and what they were compiled for

${variantTable(tables)}

## Drivers

${driverTables(tables)}

## GPUs

Dense TFLOP/s, without sparsity.

${gpuTable(tables)}

## Known issues

\`rig explain FILE\` recognises these in a log.

${issueTable(tables)}

## Sources

${Object.entries(tables.sources)
  .map(([key, text]) => `- ${key}: ${text}`)
  .join('\n')}
`;
}
