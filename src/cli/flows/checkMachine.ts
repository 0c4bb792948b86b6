import { solve } from '../../compat/index.ts';
import type { Lock } from '../../lock/index.ts';
import { BASES } from '../../spec/index.ts';
import type { Call } from '../outcome.ts';
import { refusal } from './locking.ts';
import { thisMachine } from './machine.ts';

/** Will what is locked run here? Asked before anything is fetched. Throws RIG-CLI-010, exit code 3; with `force` it only warns. */
export async function checkMachine(
  call: Pick<Call, 'env' | 'progress'>,
  lock: Lock,
  force: boolean,
): Promise<void> {
  const { plan, asked } = lock;
  if (plan === null) return;
  const { host, tables } = await thisMachine(call, BASES[asked.base]?.glibc);
  const cuda = plan.variant === 'cpu' ? 'cpu' : plan.variant;
  const result = solve({ torch: `==${plan.torch}`, cuda, python: plan.python }, host, tables);
  for (const { text } of result.warnings) call.progress({ kind: 'note', level: 'warn', text });
  if (result.ok) return;
  if (!force) throw refusal(result);
  for (const reason of result.reasons)
    call.progress({ kind: 'note', level: 'warn', text: `will not work here: ${reason}` });
}
