import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { RigError } from '../kernel/index.ts';
import { readBox } from './boxIdentity.ts';
import type { BoxIdentity } from './boxIdentity.ts';
import type { EnvironmentFolder } from './environmentFolder.ts';
import { systemPath } from './hostPrograms.ts';

/** Starts the supervisor, detached from us, and waits until the inside stands. Throws with what the failing program printed. */
export async function launch(folder: EnvironmentFolder, env: NodeJS.ProcessEnv): Promise<BoxIdentity> {
  const log = await open(folder.log, 'a', 0o600);
  const { size } = await log.stat();
  const child = spawn('sh', [folder.superviseScript], {
    cwd: '/',
    env: { PATH: systemPath(env), LC_ALL: 'C' },
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
    detached: true,
  });
  await log.close();
  const word = await firstWord(child);
  child.unref();
  const box = await readBox(folder.box);
  if (word === 'ready' && box) return box;
  if (word === 'busy') throw busy(folder);
  throw await failed(folder, size);
}

function firstWord(child: ReturnType<typeof spawn>): Promise<string> {
  const pipe = child.stdio[3] as NodeJS.ReadableStream & { destroy(): void };
  return new Promise((done, fail) => {
    let text = '';
    child.once('error', fail);
    pipe.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.includes('\n')) return;
      pipe.destroy();
      done(text.trim());
    });
    pipe.once('close', () => done(text.trim()));
  });
}

function busy(folder: EnvironmentFolder): RigError {
  return new RigError('RIG-ENGINE-004', `environment ${folder.name}: an earlier start is still alive`, {
    why: 'its lock is held by a process inside',
    hint: `rig down ${folder.name}`,
  });
}

async function failed(folder: EnvironmentFolder, from: number): Promise<RigError> {
  const text = (await readFile(folder.log)).subarray(from).toString().trim();
  const last = text.split('\n').slice(-3).join('; ');
  const overlay = /overlay|wrong fs type/.test(last);
  return new RigError(
    overlay ? 'RIG-ENGINE-008' : 'RIG-ENGINE-003',
    `environment ${folder.name} did not start`,
    {
      why: last || 'its first process ended without a word',
      hint: overlay ? 'set TORCHRIG_HOME to a folder on a local disk or a volume' : `rig logs ${folder.name}`,
    },
  );
}
