import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { CGROUP_VIEW, limitGroup } from './cgroups.ts';
import type { CgroupView, ControllerLimit } from './cgroups.ts';
import { sizeWord } from './sizeWord.ts';
import { findProgram } from './hostPrograms.ts';

export interface LimitWish {
  /** Unique on the machine: name of the groups. */
  group: string;
  /** Bytes. */
  memory?: number | undefined;
  cpus?: number | undefined;
  /** Bytes. */
  shm?: number | undefined;
}

export interface LimitPlan {
  /** cgroup.procs files that every process of the environment joins. */
  cgroups: string[];
  /** Words before a command. */
  limiters: string[];
  env: Record<string, string>;
  /** Bytes of /dev/shm. */
  shm: number;
  /** Where the workload stands in the OOM killer's order: before the supervisor, when a limit can be hit. */
  oomScore: number;
  notices: string[];
}

const PERIOD_US = 100_000;
const REMEDY = 'ask for delegation or run as root';

/** Limits by cgroups where they may be made; else by what is left, and a sentence on what is not enforced. */
export async function planLimits(wish: LimitWish, view: CgroupView = CGROUP_VIEW): Promise<LimitPlan> {
  const plan: LimitPlan = { cgroups: [], limiters: [], env: {}, shm: 0, oomScore: 0, notices: [] };
  const limited = await limitMemory(wish, plan, view);
  await limitCpus(wish, plan, view);
  // /dev/shm counts as memory and is freed by no kill: half of the limit leaves room for the programs
  const most = Math.floor((limited ?? totalmem()) / 2);
  plan.shm = Math.min(wish.shm ?? most, limited === undefined ? Number.MAX_SAFE_INTEGER : most);
  if (wish.shm !== undefined && plan.shm < wish.shm) {
    plan.notices.push(
      `shm: ${sizeWord(plan.shm)} instead of ${sizeWord(wish.shm)}, half of the memory limit (what lies there counts as memory)`,
    );
  }
  return plan;
}

/** The limit that holds, in bytes. */
async function limitMemory(
  { group, memory }: LimitWish,
  plan: LimitPlan,
  view: CgroupView,
): Promise<number | undefined> {
  if (memory === undefined) return undefined;
  const value = String(memory);
  const limit: ControllerLimit = {
    controller: 'memory',
    v1: [
      ['memory.limit_in_bytes', value],
      ['memory.memsw.limit_in_bytes', value, true],
    ],
    v2: [
      ['memory.max', value],
      ['memory.swap.max', '0', true],
    ],
  };
  const result = await limitGroup(group, limit, view);
  if ('refused' in result) {
    plan.notices.push(`memory: ${sizeWord(memory)} is NOT enforced (${result.refused}; ${REMEDY})`);
    return undefined;
  }
  plan.cgroups.push(result.procs);
  plan.oomScore = 500;
  return memory;
}

async function limitCpus({ group, cpus }: LimitWish, plan: LimitPlan, view: CgroupView): Promise<void> {
  if (cpus === undefined) return;
  const allowed = await allowedCpus();
  const threads = Math.max(1, Math.min(Math.ceil(cpus), allowed.length));
  // programs count the machine's cores, not the quota
  plan.env['OMP_NUM_THREADS'] = String(threads);
  const quota = String(Math.round(cpus * PERIOD_US));
  const result = await limitGroup(
    group,
    {
      controller: 'cpu',
      v1: [
        ['cpu.cfs_period_us', String(PERIOD_US)],
        ['cpu.cfs_quota_us', quota],
      ],
      v2: [['cpu.max', `${quota} ${PERIOD_US}`]],
    },
    view,
  );
  if ('procs' in result) {
    plan.cgroups.push(result.procs);
    return;
  }
  const taskset = findProgram('taskset');
  if (taskset && threads < allowed.length)
    plan.limiters.push(taskset, '--cpu-list', allowed.slice(0, threads).join(','));
  plan.notices.push(
    `cpus: ${cpus} only by affinity to ${threads} cores and OMP_NUM_THREADS (${result.refused}; ${REMEDY})`,
  );
}

/** The cores this process may use, as numbers. */
async function allowedCpus(): Promise<number[]> {
  const text = await readFile('/proc/self/status', 'utf8');
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(text)?.[1] ?? '0';
  return list.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_unused, index) => from + index);
  });
}
