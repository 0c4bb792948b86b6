import { explainText } from '../../doctor/index.ts';
import type { Explanation } from '../../doctor/index.ts';
import { gatherHostFacts } from '../../host/index.ts';
import type { Call } from '../outcome.ts';
import { layoutOf } from './environment.ts';

/** More than this would hide what the command itself wrote. */
const SHOWN = 2;

function isSure({ confidence }: Explanation): boolean {
  return confidence !== 'low';
}

/** Known problems in the last words of something that failed, with remedies for this machine. Empty when nothing is recognised. */
export async function explainFailure(call: Pick<Call, 'env'>, text: string): Promise<Explanation[]> {
  if (!explainText(text).some(isSure)) return [];
  // The machine is asked only now: it takes longer than everything else.
  const host = await gatherHostFacts({ home: layoutOf(call).root });
  return explainText(text, { host }).filter(isSure).slice(0, SHOWN);
}

/** A few lines: what it is, why, and what mends it. */
export function failureLines(found: readonly Explanation[], { colors }: Pick<Call, 'colors'>): string[] {
  return found.flatMap(({ id, title, cause, remedy }) => [
    `${colors.yellow('rig:')} ${colors.bold(title)} ${colors.dim(`(rig explain ${id})`)}`,
    ...(cause ? [`  ${cause}`] : []),
    `  ${colors.cyan('remedy')}: ${remedy}`,
  ]);
}
