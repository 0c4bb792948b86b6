import { readFile, readdir, readlink } from 'node:fs/promises';
import { readFileSync } from 'node:fs';

/** Which process is an environment's init, in a way that no later process can be mistaken for it. */
export interface BoxIdentity {
  pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot. */
  startTime: string;
  /** `pid:[4026532...]`; the outer one in proot mode, where there are no namespaces. */
  pidNamespace: string;
  bootId: string;
}

/** Names an environment without namespaces in the environment of every process in it: there is no other way to find them all. */
export const MARKER = 'TORCHRIG_BOX';
const PROOT = 'proot:';

/** Where facts about processes come from; tests give another folder. */
export const PROC = '/proc';

/** The fields of /proc/PID/stat that follow the program's name, which may hold blanks and brackets (proc_pid_stat(5)). */
export function parseStat(text: string): { pid: number; state: string; parent: number; startTime: string } {
  const end = text.lastIndexOf(')');
  const rest = text
    .slice(end + 1)
    .trim()
    .split(/\s+/);
  return {
    pid: Number.parseInt(text, 10),
    state: rest[0] ?? '?',
    parent: Number(rest[1] ?? 0),
    startTime: rest[19] ?? '',
  };
}

/** Three lines: /proc/self/stat, the pid namespace, the boot id. Undefined when torn or missing. */
export async function readBox(path: string): Promise<BoxIdentity | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  const [stat, pidNamespace, bootId] = text.split('\n');
  if (!stat || !pidNamespace || !bootId) return undefined;
  const { pid, startTime } = parseStat(stat);
  if (!Number.isSafeInteger(pid) || pid <= 1 || startTime === '') return undefined;
  return { pid, startTime, pidNamespace, bootId };
}

/** Alive means: this boot, this process (by its start time), and not a zombie that a slow parent has yet to reap. */
export function isAlive(box: BoxIdentity, proc: string = PROC): boolean {
  try {
    if (bootId(proc) !== box.bootId) return false;
    const stat = parseStat(readFileSync(`${proc}/${box.pid}/stat`, 'utf8'));
    return stat.startTime === box.startTime && stat.state !== 'Z' && stat.state !== 'X';
  } catch {
    return false;
  }
}

/** Identity of the running kernel: differs after a reboot, so that an old pid is never trusted. */
export function bootId(proc: string = PROC): string {
  return readFileSync(`${proc}/sys/kernel/random/boot_id`, 'utf8').trim();
}

/**
 * Processes of an environment that are left, as far as the caller may see them: those of its pid namespace, or without
 * namespaces (`proot:FOLDER`) those that carry its mark or are traced by one that does.
 */
export async function survivors({ pidNamespace }: BoxIdentity, proc: string = PROC): Promise<number[]> {
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name));
  if (pidNamespace.startsWith(PROOT))
    return marked(`${MARKER}=${pidNamespace.slice(PROOT.length)}`, pids, proc);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        return (await readlink(`${proc}/${pid}/ns/pid`)) === pidNamespace ? Number(pid) : undefined;
      } catch {
        return undefined;
      }
    }),
  );
  return found.filter((pid) => pid !== undefined);
}

async function marked(mark: string, pids: string[], proc: string): Promise<number[]> {
  const found = new Set<number>();
  const tracers = new Map<number, number>();
  await Promise.all(
    pids.map(async (pid) => {
      const [environment, status] = await Promise.all(
        ['environ', 'status'].map(async (file) => readFile(`${proc}/${pid}/${file}`, 'utf8').catch(() => '')),
      );
      if (/^State:\s*[ZX]/m.test(status ?? '')) return;
      if (environment?.split('\0').includes(mark)) found.add(Number(pid));
      tracers.set(Number(pid), Number(/^TracerPid:\s*(\d+)/m.exec(status ?? '')?.[1] ?? 0));
    }),
  );
  for (const [pid, tracer] of tracers) if (found.has(tracer)) found.add(pid);
  return [...found];
}
