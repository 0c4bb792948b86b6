import { type Finding, finding } from './finding.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** Below it torch.compile and workers have too little, below TORCH torch itself. */
const COMFORT = 4 * GIB;
/** torch needs 0.4 GiB to be imported, about 1 GiB to compile, on top of the user's own. */
const TORCH = GIB;

/** Whether trying torch under this limit could only fail, and slowly: it is killed, or reads its libraries from the disk over and over. */
export function isHopeless(limit: number | null | undefined): boolean {
  return limit !== null && limit !== undefined && limit < TORCH;
}

/** Whether a limit is one that decides what works: what was verified without it says nothing. */
export function isTight(limit: number | null): boolean {
  return limit !== null && limit < COMFORT;
}

export interface MemorySeen {
  /** Bytes of the machine; null where it is not known. */
  total: number | null;
  /** Bytes that the tightest cgroup allows, or null without a limit. */
  limit: number | null;
  /** What was killed by the kernel, in words. */
  killed?: readonly string[];
}

/** Too little memory for torch, by its numbers or because the kernel has killed for want of it; else none. */
export function memoryFinding({ total, limit, killed = [] }: MemorySeen): Finding[] {
  const bytes = Math.min(limit ?? Infinity, total ?? Infinity);
  if (bytes >= COMFORT && killed.length === 0) return [];
  const isLimit = limit !== null && limit <= (total ?? Infinity);
  const seen = [
    ...(isLimit
      ? [`cgroup limit ${limit} bytes`]
      : Number.isFinite(bytes)
        ? [`MemTotal ${bytes} bytes`]
        : []),
    ...(killed.length > 0 ? [`killed by the kernel (SIGKILL): ${killed.join(', ')}`] : []),
  ];
  return [
    finding('memory-low', bytes < TORCH || killed.length > 0 ? 'fail' : 'warn', {
      title: titleOf(bytes),
      evidence: seen.join('; '),
      remedy: isLimit
        ? 'memory: 8g in torchrig.yaml (or rig up --memory 8g), after rig down'
        : killed.length > 0
          ? 'free -m shows who uses the memory of this machine; the kernel log (dmesg) names what was killed'
          : null,
    }),
  ];
}

function titleOf(bytes: number): string {
  if (bytes >= COMFORT) return 'processes were killed, most likely for want of memory';
  const room = `the environment has ${(bytes / MIB).toFixed(0)} MiB of memory`;
  return `${room}: too little for ${bytes < TORCH ? 'torch at all' : 'torch.compile and workers'}`;
}
