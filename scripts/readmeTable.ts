/**
 * Writes the table between `<!-- bench:env -->` and `<!-- /bench:env -->` in README.md from bench/results/env.json:
 * `npx tsx scripts/readmeTable.ts`. With --check it changes nothing and fails when the table is not the one of the results.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figure, Row } from '../bench/env/results.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = join(ROOT, 'README.md');
const RESULTS = join(ROOT, 'bench', 'results', 'env.json');
const START = '<!-- bench:env -->';
const END = '<!-- /bench:env -->';

interface Results {
  date: string;
  machine: { cpu: string; cores: number; memoryGb: number; kernel: string; system: string; node: string };
  versions: { uv: string; buildah: string | null };
  set: { name: string; wheels: number; debs: number };
  rows: Row[];
}

/** Three digits that matter. */
function amount({ value }: Figure, unit: Row['unit']): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ${unit}`;
}

function goalText({ goal, unit }: Row): string {
  const one = (limit: number): string =>
    goal.kind === 'times faster'
      ? `>= ${limit}x faster`
      : `<= ${limit}${goal.kind === 'at most' ? ` ${unit}` : 'x'}`;
  return goal.stretch === undefined ? one(goal.target) : `${one(goal.target)} (${one(goal.stretch)})`;
}

function rowText(row: Row): string {
  const { what, rig, peer, unit, ratio, ok, goal, skipped } = row;
  const ratioText =
    ratio === null ? '' : `${ratio.toFixed(2)}x${goal.kind === 'times faster' ? ' faster' : ''}`;
  const verdict = skipped ?? (ok === null ? '' : ok ? 'yes' : 'no');
  const cells = [
    what,
    rig ? amount(rig, unit) : '',
    peer ? amount(peer, unit) : '',
    ratioText,
    goalText(row),
    verdict,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** The table as Markdown, with a line about machine and date. */
export function benchTable({ rows, machine, date, versions, set }: Results): string {
  const { cpu, cores, memoryGb, system, kernel, node } = machine;
  const peers = [
    `uv ${versions.uv}`,
    ...(versions.buildah ? [versions.buildah.replace(' version', '')] : []),
  ];
  return [
    '| what | rig | peer | ratio | target (stretch) | reached |',
    '|---|---|---|---|---|---|',
    ...rows.map(rowText),
    '',
    `${date}, set ${set.name} (${set.wheels} wheels, ${set.debs} Debian packages), ${cores} cores of ${cpu}, ${memoryGb} GB, ` +
      `${system}, Linux ${kernel}, Node ${node}; ${peers.join(', ')}. Medians; runs and notes: bench/results/env.json. Again: \`npx tsx bench/env/run.ts\`.`,
  ].join('\n');
}

/** README.md with the table in place. Throws when the two marks are not there, in this order. */
export function withTable(readme: string, table: string): string {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error(`README.md has no ${START} followed by ${END}`);
  return `${readme.slice(0, start + START.length)}\n${table}\n${readme.slice(end)}`;
}

async function main(check: boolean): Promise<void> {
  const readme = await readFile(README, 'utf8');
  const results = JSON.parse(await readFile(RESULTS, 'utf8')) as Results;
  const fresh = withTable(readme, benchTable(results));
  if (fresh === readme) return;
  if (check)
    throw new Error(
      'the table in README.md is not that of bench/results/env.json: npx tsx scripts/readmeTable.ts',
    );
  await writeFile(README, fresh);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.includes('--check'));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
