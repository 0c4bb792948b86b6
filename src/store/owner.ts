import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';

/**
 * Names a running process: pid, its start time, and the boot and pid namespace they are valid in,
 * so that a reused pid, a reboot or another container is not mistaken for it. Fit for a file name.
 */
export type Owner = string;

export async function thisProcess(): Promise<Owner> {
  return `${process.pid}-${await startTime(process.pid)}-${await realm()}`;
}

/** `alive`, `dead`, or `elsewhere`: of another machine or pid namespace, where only signs of life in files count. */
export async function fateOf(owner: Owner): Promise<'alive' | 'dead' | 'elsewhere'> {
  const match = /^(\d+)-(\d+)-([0-9a-f]{8})$/.exec(owner);
  if (!match) return 'dead';
  if (match[3] !== (await realm())) return 'elsewhere';
  const pid = Number(match[1]);
  const started = await startTime(pid);
  if (started !== '0') return started === match[2] ? 'alive' : 'dead';
  try {
    process.kill(pid, 0);
    return match[2] === '0' ? 'alive' : 'dead';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' && match[2] === '0' ? 'alive' : 'dead';
  }
}

/** Field 22 of /proc/PID/stat (proc(5)); `0` where there is no /proc. */
async function startTime(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
}

async function realm(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return createHash('sha256').update(`${boot.trim()} ${namespace}`).digest('hex').slice(0, 8);
}
