import { EXIT, RigError } from '../../kernel/index.ts';
import { engineFor, nameOf } from '../flows/environment.ts';
import { keyValues } from '../flows/keyValues.ts';
import type { Handler } from '../outcome.ts';
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
  const exitCode = await engineFor(call).engine.exec(name, {
    command: [...call.rest],
    env: keyValues(flags.env, call.env),
    tty: process.stdin.isTTY && process.stdout.isTTY,
    signal: call.signal,
    ...(flags.workdir ? { workdir: flags.workdir } : {}),
  });
  return { exitCode };
};
