import { spawn } from 'node:child_process';
import { settleTrees } from '../../layers/index.ts';
import { SETTLE } from '../settleCommand.ts';
import { layoutOf } from './environment.ts';

/**
 * New trees are on the disk only some seconds after they were written. Until then a crash of the machine makes rig unpack them again;
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
  await settleTrees(layoutOf({ env }));
}
