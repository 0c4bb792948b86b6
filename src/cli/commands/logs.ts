import { RigError } from '../../kernel/index.ts';
import { engineFor, nameOf } from '../flows/environment.ts';
import type { Handler } from '../outcome.ts';
import type { LogsFlags } from '../routes/environment.ts';

export const handler: Handler<LogsFlags, [name?: string]> = async (call, flags, typed) => {
  const name = await nameOf(call, typed);
  const { engine } = engineFor(call);
  if ((await engine.status(name)).state === 'missing') {
    throw new RigError('RIG-CLI-007', `environment ${name} is not there`, {
      hint: 'rig ps lists what there is',
      details: { name },
    });
  }
  const pieces = engine.logs(name, {
    follow: flags.follow === true,
    signal: call.signal,
    ...(flags.tail === undefined ? {} : { tail: flags.tail }),
  });
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + piece.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) call.stream(call.json ? JSON.stringify({ line }) : line);
  }
  if (rest) call.stream(call.json ? JSON.stringify({ line: rest }) : rest);
  return {};
};
