import type { Engine } from '../../engine/index.ts';
import { warmBytecode } from '../../workspace/index.ts';

/** Lets Python write the byte code of what is imported first, at the lowest priority; goes on after rig has ended. */
export async function warmInBackground(engine: Engine, name: string): Promise<void> {
  const { argv, env } = warmBytecode();
  // The shell ends at once, and its child belongs to the environment's init from then on.
  const command = ['/bin/sh', '-c', 'setsid "$@" >/dev/null 2>&1 </dev/null &', 'sh', ...argv];
  const child = await engine.spawn(name, { command, env, stdio: 'ignore' });
  await new Promise((done) => child.once('close', done));
}
