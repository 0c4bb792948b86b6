import { EXIT, RigError } from '../../kernel/index.ts';
import { engineFor, nameOf } from '../flows/environment.ts';
import { keyValues } from '../flows/keyValues.ts';
import { Tail } from '../flows/tail.ts';
import type { Call, Handler } from '../outcome.ts';
import type { ExecFlags } from '../routes/environment.ts';

export const handler: Handler<ExecFlags, [name?: string]> = async (call, flags, typed) => {
  if (call.rest.length === 0) {
    throw new RigError('RIG-CLI-002', 'no command was given', {
      hint: 'rig exec [NAME] -- python train.py',
      exitCode: EXIT.usage,
    });
  }
  const name = await nameOf(call, typed);
  call.releaseTerminal();
  const tail = new Tail();
  const exitCode = await engineFor(call).engine.exec(name, {
    command: [...call.rest],
    env: keyValues(flags.env, call.env),
    tty: process.stdin.isTTY && process.stdout.isTTY,
    signal: call.signal,
    ...(call.quiet ? {} : { hear: (chunk) => tail.add(chunk) }),
    ...(flags.workdir ? { workdir: flags.workdir } : {}),
  });
  if (exitCode !== 0 && !call.signal.aborted) await explain(call, tail.text());
  return { exitCode };
};

/** On standard error, after all that the command wrote; nothing where nothing is known. */
async function explain(call: Call, text: string): Promise<void> {
  const { explainFailure, failureLines } = await import('../flows/explainFailure.ts');
  const explanations = await explainFailure(call, text);
  if (explanations.length === 0) return;
  const lines = call.json ? [JSON.stringify({ explanations })] : ['', ...failureLines(explanations, call)];
  process.stderr.write(`${lines.join('\n')}\n`);
}
