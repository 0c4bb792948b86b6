import { engineFor, nameOf } from '../flows/environment.ts';
import type { Handler } from '../outcome.ts';
import type { DownFlags } from '../routes/environment.ts';
import { confirm } from '../confirm.ts';

export const handler: Handler<DownFlags, [name?: string]> = async (call, flags, typed) => {
  const name = await nameOf(call, typed);
  const { engine } = engineFor(call);
  const before = await engine.status(name);
  const purge = flags.purge === true;
  if (purge && before.state !== 'missing') {
    await confirm(
      call,
      `Remove ${name} with everything installed or changed inside it? The workspace stays.`,
    );
  }
  if (purge) await engine.remove(name, { purge });
  else await engine.stop(name);
  const ran = before.state === 'running' || before.state === 'starting';
  const done = purge ? 'removed' : ran ? 'stopped' : 'not running';
  return {
    data: { name, wasRunning: ran, purged: purge },
    text: `${name}: ${before.state === 'missing' ? 'there is none' : done}`,
  };
};
