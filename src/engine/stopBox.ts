import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, survivors } from './boxIdentity.ts';
import type { BoxIdentity } from './boxIdentity.ts';

const KILL_MS = 10_000;
const TERM_BIT = 1n << 14n;
/** Ignored by tini once it is ready; while it waits for a signal, its blocked ones are not shown. */
const TTIN_BIT = 1n << 20n;

/** TERM to the init, KILL to all after `timeoutMs`; resolves when nothing of the environment is left. */
export async function stopBox(box: BoxIdentity, timeoutMs: number): Promise<void> {
  if (timeoutMs > 0 && isAlive(box)) {
    await listening(box);
    send(await initOf(box), 'SIGTERM');
    await gone(box, timeoutMs, 'init');
  }
  const end = performance.now() + KILL_MS;
  while (!(await gone(box, 0, 'all')) && performance.now() < end) {
    if (isAlive(box)) send([box.pid], 'SIGKILL');
    // the kernel ends a pid namespace with its init; without one each has to be ended
    else if (!hasNamespace(box)) send(await survivors(box), 'SIGKILL');
    await gone(box, 200, 'all');
  }
}

/** False under proot. */
export const hasNamespace = (box: BoxIdentity): boolean => !box.pidNamespace.startsWith('proot:');

/** proot itself is deaf to signals: its child is the main command. */
async function initOf(box: BoxIdentity): Promise<number[]> {
  if (hasNamespace(box)) return [box.pid];
  const children = await readFile(`/proc/${box.pid}/task/${box.pid}/children`, 'utf8').catch(() => '');
  return children.split(' ').filter(Boolean).map(Number);
}

/** A TERM that comes before the init has set itself up would be lost: the kernel drops it for a first process. */
async function listening(box: BoxIdentity): Promise<void> {
  if (!hasNamespace(box)) return;
  for (let patience = 100; patience > 0 && isAlive(box); patience -= 1) {
    const status = await readFile(`/proc/${box.pid}/status`, 'utf8').catch(() => '');
    const mask = (name: string): bigint =>
      BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status)?.[1] ?? '0'}`);
    if (((mask('SigBlk') | mask('SigCgt')) & TERM_BIT) !== 0n || (mask('SigIgn') & TTIN_BIT) !== 0n) return;
    await sleep(10);
  }
}

function send(pids: number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // ended meanwhile
    }
  }
}

async function gone(box: BoxIdentity, timeoutMs: number, what: 'init' | 'all'): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  let pause = 2;
  while (await lives(box, what)) {
    if (performance.now() >= end) return false;
    await sleep(pause);
    pause = Math.min(pause * 2, 100);
  }
  return true;
}

async function lives(box: BoxIdentity, what: 'init' | 'all'): Promise<boolean> {
  return isAlive(box) || (what === 'all' && (await survivors(box)).length > 0);
}
