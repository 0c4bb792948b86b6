import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, survivors } from './boxIdentity.ts';
import type { BoxIdentity } from './boxIdentity.ts';

/** TERM to the init, KILL after `timeoutMs`; resolves when nothing of the environment is left. */
export async function stopBox(box: BoxIdentity, timeoutMs: number): Promise<void> {
  signal(box, 'SIGTERM');
  if (!(await gone(box, timeoutMs))) {
    signal(box, 'SIGKILL');
    await gone(box, 10_000);
  }
}

function signal(box: BoxIdentity, name: NodeJS.Signals): void {
  try {
    if (isAlive(box)) process.kill(box.pid, name);
  } catch {
    // ended meanwhile
  }
}

async function gone(box: BoxIdentity, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  let pause = 2;
  while (isAlive(box) || (await survivors(box.pidNamespace)).length > 0) {
    if (performance.now() > end) return false;
    await sleep(pause);
    pause = Math.min(pause * 2, 100);
  }
  return true;
}
