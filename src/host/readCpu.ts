import { cpuQuota, memoryLimit } from './cgroup.ts';
import type { CpuFacts, LimitFacts, MemoryFacts } from './facts.ts';
import type { Note } from './notes.ts';
import { type HostReader, namesIn, textOf } from './reader.ts';

const FLAGS = /^(sse4_2|avx|avx2|fma|f16c|avx512\w*|avx_vnni|amx_\w+|asimd\w*|neon|sve2?|bf16|i8mm)$/;

/** Members of a list like `0-3,8`. */
function listLength(list: string): number {
  let count = 0;
  for (const range of list.trim().split(',')) {
    const [from, to] = range.split('-').map(Number);
    if (from !== undefined && Number.isInteger(from)) count += (to ?? from) - from + 1;
  }
  return count;
}

export async function readCpu(reader: HostReader, note: Note): Promise<CpuFacts> {
  const [info, status, nodes, quota] = await Promise.all([
    textOf(reader, '/proc/cpuinfo'),
    textOf(reader, '/proc/self/status'),
    namesIn(reader, '/sys/devices/system/node'),
    cpuQuota(reader),
  ]);
  if (info === undefined) note('cpu', '/proc/cpuinfo cannot be read');
  const processors = Math.max(1, (info ?? '').match(/^processor\s*:/gm)?.length ?? 1);
  const allowed = /^Cpus_allowed_list:\s*(.+)$/m.exec(status ?? '')?.[1];
  const affinity = (allowed && listLength(allowed)) || processors;
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(info ?? '')?.[1]?.split(/\s+/) ?? [];
  return {
    model: /^(?:model name|Model)\s*:\s*(.+)$/m.exec(info ?? '')?.[1]?.trim() ?? null,
    processors,
    affinity,
    quota,
    usable: Math.min(affinity, quota ?? affinity),
    flags: flags.filter((flag) => FLAGS.test(flag)),
    numaNodes: Math.max(1, nodes.filter((name) => /^node\d+$/.test(name)).length),
  };
}

export async function readMemory(reader: HostReader, note: Note): Promise<MemoryFacts> {
  const info = await reader.readFile('/proc/meminfo');
  if (!info.ok) note('memory', info.message);
  const field = (name: string): number | null => {
    const kilobytes = new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(info.ok ? info.value : '')?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  };
  return {
    total: field('MemTotal'),
    available: field('MemAvailable'),
    swap: field('SwapTotal'),
    limit: await memoryLimit(reader),
  };
}

export async function readLimits(reader: HostReader, note: Note): Promise<LimitFacts> {
  const text = await reader.readFile('/proc/self/limits');
  if (!text.ok) note('limits', text.message);
  const soft = (name: string): number | null => {
    const value = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(text.ok ? text.value : '')?.[1];
    return value === undefined || value === 'unlimited' ? null : Number(value);
  };
  return {
    openFiles: soft('Max open files'),
    processes: soft('Max processes'),
    lockedMemory: soft('Max locked memory'),
    addressSpace: soft('Max address space'),
    stack: soft('Max stack size'),
  };
}
