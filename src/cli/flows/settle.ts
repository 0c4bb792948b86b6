import { spawn } from 'node:child_process';
import { SETTLE } from '../settleCommand.ts';
import { layoutOf } from './environment.ts';

/**
 * New files and trees are on the disk only some seconds after they were written. Until then a crash of the machine makes rig hash and unpack them again;
 * this flushes them, in a process that outlives the command.
 */
export function settleInBackground(env: NodeJS.ProcessEnv): void {
  const program = process.argv[1];
  if (program === undefined) return;
  const child = spawn(process.execPath, [program, SETTLE], { detached: true, stdio: 'ignore', env });
  child.on('error', () => {});
  child.unref();
}

export async function settleNow(env: NodeJS.ProcessEnv): Promise<void> {
  const home = layoutOf({ env });
  const { settleTrees } = await import('../../layers/index.ts');
  await settleTrees(home);
  const { openStore } = await import('../../store/index.ts');
  const store = openStore(home);
  await store.settle();
  await store.close();
}
