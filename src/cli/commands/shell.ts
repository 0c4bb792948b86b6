import { engineFor, nameOf } from '../flows/environment.ts';
import type { Handler } from '../outcome.ts';

export const handler: Handler<object, [name?: string]> = async (call, _flags, typed) => {
  const name = await nameOf(call, typed);
  call.releaseTerminal();
  const exitCode = await engineFor(call).engine.exec(name, {
    command: ['/bin/bash', '-l'],
    tty: process.stdin.isTTY && process.stdout.isTTY,
    signal: call.signal,
  });
  return { exitCode };
};
