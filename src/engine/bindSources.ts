import { access, constants, readFile, realpath, stat } from 'node:fs/promises';
import { RigError } from '../kernel/index.ts';
import type { Bind } from './bootScript.ts';
import type { EngineMount } from './engine.ts';

/** The workspace and the user's mounts as binds with real paths. Throws RIG-ENGINE-005 for one that cannot be had. */
export async function userBinds(workspace: string, mounts: EngineMount[]): Promise<Bind[]> {
  const all = [{ source: workspace, target: '/workspace', readonly: false }, ...mounts];
  const mountPoints = await hostMountPoints();
  // parents first, so that a mount below another is not hidden by it
  all.sort((a, b) => a.target.split('/').length - b.target.split('/').length);
  return Promise.all(all.map(async (mount) => checkedBind(mount, mountPoints)));
}

async function checkedBind({ source, target, readonly }: EngineMount, mountPoints: string[]): Promise<Bind> {
  const refuse = (why: string, hint: string): RigError =>
    new RigError('RIG-ENGINE-005', `cannot mount ${source} at ${target}`, {
      why,
      hint,
      details: { source, target },
    });
  if (!target.startsWith('/') || target.split('/').includes('..') || target === '/') {
    throw refuse('the place inside must be an absolute path below /', 'write it like /workspace/data');
  }
  let real: string;
  try {
    real = await realpath(source);
  } catch {
    throw refuse('it does not exist', `mkdir -p ${source}`);
  }
  const facts = await stat(real);
  const kind = facts.isDirectory() ? 'dir' : 'file';
  const need = constants.R_OK | (readonly ? 0 : constants.W_OK) | (kind === 'dir' ? constants.X_OK : 0);
  try {
    await access(real, need);
  } catch {
    throw refuse(
      readonly ? 'you may not read it' : 'you may not write to it',
      readonly
        ? 'choose another folder'
        : `choose a folder of yours, or mount it read-only: -v ${source}:${target}:ro`,
    );
  }
  const below = mountPoints
    .filter((point) => point.startsWith(`${real === '/' ? '' : real}/`) && point !== real)
    .map((point) => point.slice(real === '/' ? 1 : real.length + 1));
  return {
    source: real,
    target: target.replace(/\/+$/, ''),
    kind,
    readonly,
    below: kind === 'dir' ? below : [],
  };
}

/** Mount points of this process (proc_pid_mountinfo(5), field 5, octal escapes undone). */
async function hostMountPoints(): Promise<string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8');
  return text
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path !== '')
    .map((path) =>
      path.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    );
}
