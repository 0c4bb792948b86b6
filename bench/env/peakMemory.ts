import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';

const POLL_MS = 100;
const NODE = realpathSync(process.execPath);

export interface PeakWatch {
  /** So far, in MB (10^6 bytes). */
  megabytes(): number;
  stop(): void;
}

/**
 * The largest resident set (VmHWM, proc(5)) of any single Node process among a process and its descendants. The kernel keeps the
 * peak itself, so only a process that lives shorter than the poll can be missed.
 */
export function peakWatch(pid: number): PeakWatch {
  let peak = 0;
  const look = (): void => {
    for (const each of tree(pid)) if (isNode(each)) peak = Math.max(peak, peakOf(each));
  };
  const timer = setInterval(look, POLL_MS);
  return { megabytes: () => peak, stop: () => clearInterval(timer) };
}

/** VmHWM of a process in MB; 0 when it is gone. */
export function peakOf(pid: number): number {
  const text = orEmpty(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  return (Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024) / 1e6;
}

function tree(pid: number): number[] {
  const tasks = orEmpty(() => readdirSync(`/proc/${pid}/task`).join(' '))
    .split(' ')
    .filter(Boolean);
  const children = tasks.flatMap((task) =>
    orEmpty(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'))
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
  return [pid, ...children.flatMap(tree)];
}

function isNode(pid: number): boolean {
  return orEmpty(() => readlinkSync(`/proc/${pid}/exe`)) === NODE;
}

/** Node processes whose TORCHRIG_HOME is this one: what rig left to the background. */
export function nodesOf(home: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isNode(pid))
    .filter((pid) =>
      orEmpty(() => readFileSync(`/proc/${pid}/environ`, 'utf8'))
        .split('\0')
        .includes(`TORCHRIG_HOME=${home}`),
    );
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
