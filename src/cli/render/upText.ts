import { formatBytes, formatDuration } from '../../kernel/index.ts';
import type { UpResult } from '../flows/bringUp.ts';
import type { Call } from '../outcome.ts';

/** What `rig up` says in the end: that it works, where it is, what to do next. */
export function upText(result: UpResult, { colors }: Pick<Call, 'colors'>): string {
  const { verification: checked, timings, bytesFetched } = result;
  const lines: string[] = [];
  const state = result.alreadyRunning ? 'runs already' : `is up after ${formatDuration(timings.totalMs)}`;
  const fetched = bytesFetched > 0 ? `, ${formatBytes(bytesFetched)} fetched` : '';
  lines.push(`${colors.bold(result.name)} ${state}${fetched}`);
  for (const notice of result.notices) lines.push(`  ${colors.yellow('!')} ${notice}`);
  if (checked.ok) lines.push(`  ${colors.green('✓')} ${verifiedLine(checked)}`);
  for (const each of checked.findings) {
    const mark = each.severity === 'fail' ? colors.red('✗') : colors.yellow('!');
    lines.push(`  ${mark} ${each.title}: ${each.evidence}`);
    if (each.remedy) lines.push(`    ${colors.cyan('remedy')}: ${each.remedy}`);
  }
  lines.push('');
  if (result.jupyter) lines.push(`  Jupyter    ${result.jupyter.url}   ${colors.dim('rig open')}`);
  lines.push(`  workspace  ${result.workspace} ${colors.dim('is /workspace inside')}`);
  lines.push(`  run        ${colors.dim('rig exec -- python train.py, rig shell')}`);
  lines.push(`  stop       ${colors.dim('rig down')}`);
  return lines.join('\n');
}

function verifiedLine(checked: UpResult['verification']): string {
  const torch =
    checked.torch === null
      ? `Python ${checked.python}`
      : `torch ${checked.torch}, CUDA ${checked.cuda ?? '-'}`;
  const where =
    checked.torch === null
      ? ''
      : checked.gpus.length > 0
        ? `, ${checked.gpus.map(({ name }) => name).join(', ')}`
        : ', on the CPU (no GPU here)';
  const product = checked.matmul
    ? `, a ${checked.matmul.n}x${checked.matmul.n} product in ${checked.matmul.ms.toFixed(1)} ms`
    : '';
  return `verified${checked.cached ? ' before' : ''}: ${torch}${where}${product}`;
}
