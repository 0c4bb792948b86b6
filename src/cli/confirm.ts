import { EXIT, RigError } from '../kernel/index.ts';
import type { Call } from './outcome.ts';

/** Asks on a terminal; without one, `--yes` must say it. Throws RIG-CLI-004 or -130 for a no. */
export async function confirm(
  call: Pick<Call, 'yes' | 'json' | 'releaseTerminal'>,
  question: string,
): Promise<void> {
  if (call.yes) return;
  if (call.json || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new RigError('RIG-CLI-004', `this needs a yes: ${question}`, {
      hint: 'add --yes',
      exitCode: EXIT.usage,
    });
  }
  call.releaseTerminal();
  const { confirm: ask, isCancel } = await import('@clack/prompts');
  const answer = await ask({ message: question, initialValue: false, output: process.stderr });
  if (isCancel(answer) || !answer) {
    throw new RigError('RIG-CLI-130', 'nothing was changed', { exitCode: EXIT.interrupted });
  }
}
