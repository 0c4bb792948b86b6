import { compatRow, renderMarkdownMatrix } from '../../compat/index.ts';
import type { CompatRow } from '../../compat/index.ts';
import { machineFor } from '../flows/machine.ts';
import type { Call, Handler } from '../outcome.ts';
import { planLine } from '../render/solveText.ts';
import { table } from '../render/table.ts';
import type { RowFlags } from '../routes/check.ts';

export const handler: Handler<RowFlags, []> = async (call, flags) => {
  const { host, tables, warnings } = await machineFor(call, flags);
  if (flags.markdown) {
    const page = renderMarkdownMatrix(tables);
    return { data: { markdown: page }, text: page };
  }
  const row = compatRow(host, tables);
  return { data: row, text: rowText({ ...row, warnings: [...warnings, ...row.warnings] }, call) };
};

const SHOWN = 12;

/** One screen: the machine, what its driver allows, and the newest releases with the best marked. */
function rowText(row: CompatRow, { colors, verbose }: Pick<Call, 'colors' | 'verbose'>): string {
  const { driver, gpus, cuda } = row;
  const driverText =
    driver.state === 'none'
      ? 'no NVIDIA driver'
      : `driver ${driver.version ?? 'unknown'}${driver.cuda ? ` (CUDA ${driver.cuda})` : ''}`;
  const gpuText =
    gpus.length === 0
      ? 'no GPU'
      : gpus.map(({ name, computeCapability }) => `${name} (${computeCapability})`).join(', ');
  const allowed = cuda.filter((each) => each.allowed).map(({ major }) => `CUDA ${major}.x`);
  const head = [
    colors.bold(`${gpuText} · ${driverText} · ${row.platform}`),
    ...(allowed.length > 0 ? [`runs ${allowed.join(', ')}`] : []),
    ...(driver.problem ? [colors.red(driver.problem)] : []),
  ];
  const lines = verbose ? row.lines : row.lines.slice(0, SHOWN);
  const marks = {
    best: colors.green,
    works: (text: string) => text,
    minor: (text: string) => text,
    ptx: colors.yellow,
    no: colors.dim,
  };
  const signs = { best: '★', works: '✓', minor: '✓', ptx: '~', no: '✗' };
  const rows = lines.map(({ torch, python, cells }) => [
    torch,
    cells.map(({ variant, verdict }) => marks[verdict](`${variant} ${signs[verdict]}`)).join('  '),
    `${python.min}-${python.max}`,
  ]);
  const more = row.lines.length - lines.length;
  return [
    ...head,
    '',
    table(['torch', 'variants', 'Python'], rows, colors),
    ...(more > 0 ? [colors.dim(`... and ${more} older releases (--verbose)`)] : []),
    '',
    row.best ? `${colors.green('★')} ${planLine(row.best)}` : colors.red('no release works here'),
    ...row.warnings.map(({ text }) => `${colors.yellow('!')} ${text}`),
    colors.dim(
      `★ best  ✓ works  ~ compiled by the driver at start  ✗ no; why: rig compat solve --torch X.  Tables of ${row.tablesDate}`,
    ),
  ].join('\n');
}
