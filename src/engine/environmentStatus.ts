import { existsSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootId, isAlive, readBox } from './boxIdentity.ts';
import type { EnvironmentStatus } from './engine.ts';
import type { EnvironmentFolder } from './environmentFolder.ts';
import { readState } from './environmentState.ts';
import { ranOutOfMemory } from './cgroups.ts';

/** The truth about an environment, read from the processes and not from what was once written down. */
export async function environmentStatus(folder: EnvironmentFolder): Promise<EnvironmentStatus> {
  const state = await readState(folder);
  if (!state)
    return { name: folder.name, engine: 'sandbox', state: 'missing', ports: {}, labels: {}, notices: [] };
  const base = {
    name: folder.name,
    engine: 'sandbox' as const,
    mode: state.mode,
    imageDigest: state.imageDigest,
    created: state.created,
    started: state.started,
    ports: state.ports,
    labels: state.labels,
    workspace: state.workspace,
    notices: state.notices,
  };
  const box = await readBox(folder.box);
  if (box && isAlive(box)) {
    return { ...base, pid: box.pid, state: (await isReady(folder)) ? 'running' : 'starting' };
  }
  const exitCode = await readExit(folder);
  if (exitCode !== undefined) {
    const memory = exitCode === 137 && (await ranOutOfMemory(state.cgroups));
    return { ...base, state: 'exited', exitCode, ...(memory ? { reason: 'killed: out of memory' } : {}) };
  }
  if (!box) return { ...base, state: 'lost', reason: 'its start was cut off' };
  const restarted = box.bootId !== bootId();
  return {
    ...base,
    state: 'lost',
    reason: restarted ? 'the machine was restarted' : 'it was killed from outside',
  };
}

export async function isReady(folder: EnvironmentFolder): Promise<boolean> {
  return access(folder.ready).then(
    () => true,
    () => false,
  );
}

/** Exit code of the main command; the supervisor notes it a moment after the last process ended, if it lives. */
export async function readExit(folder: EnvironmentFolder): Promise<number | undefined> {
  for (let patience = 200; patience > 0; patience -= 1) {
    const text = await readFile(folder.exit, 'utf8').catch(() => '');
    const code = Number.parseInt(text, 10);
    if (!Number.isNaN(code)) return code;
    const supervisor = await readFile(folder.supervisor, 'utf8').catch(() => '');
    if (supervisor === '' || !existsSync(`/proc/${supervisor.trim()}`)) patience = Math.min(patience, 2);
    await sleep(10);
  }
  return undefined;
}
