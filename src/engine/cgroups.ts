import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, run } from '../kernel/index.ts';

/** Where the kernel says what is mounted and where we are; tests give another folder. */
export interface CgroupView {
  mounts: string;
  self: string;
}

export const CGROUP_VIEW: CgroupView = { mounts: '/proc/self/mounts', self: '/proc/self/cgroup' };

/** What is to be written into one controller's files, in this order. */
export interface ControllerLimit {
  controller: 'memory' | 'cpu';
  v1: [file: string, value: string, optional?: boolean][];
  v2: [file: string, value: string, optional?: boolean][];
}

export type GroupResult = { procs: string } | { refused: string };

/**
 * Makes (or finds) a group `name` for one controller and sets its limit; refused with the reason where that is not allowed.
 * Version 1 groups lie below our own, so that a limit set on us holds for them too; a version 2 group cannot (a group with
 * processes has no controlled children), so it lies at the top.
 */
export async function limitGroup(
  name: string,
  limit: ControllerLimit,
  view: CgroupView = CGROUP_VIEW,
): Promise<GroupResult> {
  const place = await findController(limit.controller, view);
  if (!place) return { refused: `this machine has no ${limit.controller} controller` };
  const folder = join(place.folder, name);
  try {
    if (place.version === 2) await enable(place.folder, limit.controller);
    await mkdir(folder).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
    for (const [file, value, optional] of place.version === 1 ? limit.v1 : limit.v2) {
      await writeFile(join(folder, file), value, { flag: 'r+' }).catch((error: unknown) => {
        if (!optional) throw error;
      });
    }
  } catch (error) {
    await rmdir(folder).catch(() => {});
    return { refused: `no cgroup may be made here (${errnoOf(error) ?? 'failed'} in ${place.folder})` };
  }
  const procs = join(folder, 'cgroup.procs');
  if (await canJoin(procs)) return { procs };
  await rmdir(folder).catch(() => {});
  return { refused: 'processes may not be moved into a cgroup here' };
}

async function findController(
  controller: string,
  view: CgroupView,
): Promise<{ version: 1 | 2; folder: string } | undefined> {
  const mounts = (await readFile(view.mounts, 'utf8')).split('\n').map((line) => line.split(' '));
  for (const [, at, type, options] of mounts) {
    if (!at || type !== 'cgroup' || !options?.split(',').includes(controller)) continue;
    const own = join(at, await ownPath(controller, view));
    return { version: 1, folder: (await exists(own)) ? own : at };
  }
  for (const [, at, type] of mounts) {
    if (!at || type !== 'cgroup2') continue;
    const controllers = await readFile(join(at, 'cgroup.controllers'), 'utf8').catch(() => '');
    if (controllers.trim().split(/\s+/).includes(controller)) return { version: 2, folder: at };
  }
  return undefined;
}

/** Our group in a version 1 hierarchy (cgroups(7): `4:memory:/path`). */
async function ownPath(controller: string, view: CgroupView): Promise<string> {
  const text = await readFile(view.self, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [, controllers, ...path] = line.split(':');
    if (controllers?.split(',').includes(controller)) return path.join(':');
  }
  return '/';
}

async function enable(folder: string, controller: string): Promise<void> {
  const file = join(folder, 'cgroup.subtree_control');
  const enabled = (await readFile(file, 'utf8')).trim().split(/\s+/);
  if (!enabled.includes(controller)) await writeFile(file, `+${controller}`, { flag: 'r+' });
}

async function canJoin(procs: string): Promise<boolean> {
  return (await run('sh', ['-c', 'echo 0 >"$1"', 'sh', procs])).code === 0;
}

async function exists(folder: string): Promise<boolean> {
  return readFile(join(folder, 'cgroup.procs')).then(
    () => true,
    () => false,
  );
}

/** Removes groups whose processes are gone; the kernel needs a moment after the last. */
export async function removeGroups(procs: readonly string[]): Promise<void> {
  for (const file of procs) {
    for (let tries = 0; tries < 20; tries += 1) {
      try {
        await rmdir(dirname(file));
        break;
      } catch (error) {
        if (errnoOf(error) !== 'EBUSY') break;
        await sleep(10);
      }
    }
  }
}

/** Whether the kernel killed something in one of the groups for want of memory. */
export async function ranOutOfMemory(procs: readonly string[]): Promise<boolean> {
  for (const file of procs) {
    for (const counter of ['memory.oom_control', 'memory.events']) {
      const text = await readFile(join(dirname(file), counter), 'utf8').catch(() => '');
      if (Number(/^oom_kill (\d+)/m.exec(text)?.[1] ?? 0) > 0) return true;
    }
  }
  return false;
}
