import type { Nearest, Plan, Rejected, SolveResult } from '../../compat/index.ts';
import type { Call } from '../outcome.ts';

const SHOWN = 6;

/** The answer of the solver for people: the set, why it, what else was looked at. */
export function solveText(
  result: SolveResult,
  { colors, verbose }: Pick<Call, 'colors' | 'verbose'>,
): string {
  const lines: string[] = [];
  if (result.ok) {
    lines.push(colors.bold(planLine(result.plan)), '');
    for (const reason of result.reasons) lines.push(`  ${colors.green('✓')} ${reason}`);
  } else {
    lines.push(colors.red('nothing fits'), '');
    for (const reason of result.reasons) lines.push(`  ${colors.red('✗')} ${reason}`);
    for (const near of result.nearest.slice(0, 3)) lines.push(`  ${colors.cyan('→')} ${nearLine(near)}`);
  }
  for (const { text } of result.warnings) lines.push(`  ${colors.yellow('!')} ${text}`);
  const rejected = verbose ? result.rejected : result.rejected.slice(0, SHOWN);
  if (rejected.length > 0) lines.push('', colors.dim('rejected'), ...rejected.map(rejectedLine));
  const more = result.rejected.length - rejected.length;
  if (more > 0) lines.push(colors.dim(`  ... and ${more} more (--verbose)`));
  lines.push('', colors.dim(`tables of ${result.tablesDate}`));
  return lines.join('\n');
}

export function planLine(plan: Plan): string {
  const parts = [
    `torch ${plan.torch} ${plan.variant}`,
    plan.torchvision && `torchvision ${plan.torchvision}`,
    plan.torchaudio && `torchaudio ${plan.torchaudio}`,
    plan.cuda && `CUDA ${plan.cuda}`,
    plan.cudnn && `cuDNN ${plan.cudnn}`,
    plan.nccl && `NCCL ${plan.nccl}`,
    plan.triton && `Triton ${plan.triton}`,
    `Python ${plan.python}`,
  ];
  return parts.filter(Boolean).join(' · ');
}

export function nearLine({ change, plan }: Nearest): string {
  return `${change}: torch ${plan.torch} ${plan.variant} would work`;
}

function rejectedLine({ candidate, why }: Rejected): string {
  return `  ${candidate}: ${why}`;
}
