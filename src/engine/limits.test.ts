import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ranOutOfMemory, removeGroups } from './cgroups.ts';
import { planLimits } from './limits.ts';
import { sizeWord } from './sizeWord.ts';

// A folder stands in for a version 2 hierarchy: only what is written where can be seen, not that the kernel obeys.
// Version 1 is tested for real in tests/engine/sandbox.test.ts.
let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'rig-limits-'));
});
afterEach(async () => rm(base, { recursive: true, force: true }));

async function read(file: string): Promise<string> {
  return readFile(join(base, 'cgroup', file), 'utf8');
}

async function versionTwo(): Promise<{ mounts: string; self: string }> {
  const top = join(base, 'cgroup');
  const group = join(top, 'rig-x');
  await mkdir(group, { recursive: true });
  await writeFile(join(top, 'cgroup.controllers'), 'cpu memory pids\n');
  await writeFile(join(top, 'cgroup.subtree_control'), 'cpu\n');
  for (const file of ['memory.max', 'memory.swap.max', 'cpu.max', 'cgroup.procs'])
    await writeFile(join(group, file), '');
  await writeFile(join(base, 'mounts'), `cgroup2 ${top} cgroup2 rw 0 0\n`);
  await writeFile(join(base, 'self'), '0::/user.slice\n');
  return { mounts: join(base, 'mounts'), self: join(base, 'self') };
}

describe('planLimits', () => {
  it('version 2: the right values in the right files', async () => {
    const view = await versionTwo();
    const plan = await planLimits({ group: 'rig-x', memory: 2 ** 30, cpus: 1.5 }, view);
    expect(await read('rig-x/memory.max')).toBe('1073741824');
    expect(await read('rig-x/memory.swap.max')).toBe('0');
    expect(await read('rig-x/cpu.max')).toBe('150000 100000');
    expect(await read('cgroup.subtree_control')).toMatch(/^[+](cpu|memory)/);
    expect(plan).toMatchObject({ notices: [], shm: 2 ** 29, oomScore: 500 });
  });
  it('nothing to write to: a plain sentence, and threads', async () => {
    await writeFile(join(base, 'mounts'), 'proc /proc proc rw 0 0\n');
    const view = { mounts: join(base, 'mounts'), self: join(base, 'none') };
    const plan = await planLimits({ group: 'rig-x', memory: 32 * 2 ** 30, cpus: 1, shm: 2 ** 40 }, view);
    expect(plan.cgroups).toEqual([]);
    expect(plan.notices[0]).toMatch(/^memory: 32g is NOT enforced \(.*ask for delegation or run as root\)$/);
    expect(plan.notices[1]).toMatch(/^cpus: 1 only by affinity to 1 cores and OMP_NUM_THREADS/);
    expect(plan.env).toEqual({ OMP_NUM_THREADS: '1' });
    // without a limit there is nothing to keep within
    expect(plan.shm).toBe(2 ** 40);
  });
});

it('a kill for want of memory is read from either version', async () => {
  const file = join(base, 'cgroup.procs');
  expect(await ranOutOfMemory([file])).toBe(false);
  await writeFile(join(base, 'memory.events'), 'low 0\noom 3\noom_kill 1\n');
  expect(await ranOutOfMemory([file])).toBe(true);
  await removeGroups([join(base, 'gone/cgroup.procs')]);
});

it.each([
  [32 * 2 ** 30, '32g'],
  [1.5 * 2 ** 30, '1.5g'],
  [64 * 2 ** 20, '64m'],
  [100, '100'],
])('%d bytes are %s', (bytes, word) => expect(sizeWord(bytes)).toBe(word));
