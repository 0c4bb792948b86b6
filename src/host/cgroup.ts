import type { CgroupFacts } from './facts.ts';
import { type HostReader, textOf } from './reader.ts';

const ROOT = '/sys/fs/cgroup';

/** Where a process stands: controller -> path below its hierarchy; '' is the unified one (cgroups(7)). */
async function groupsOf(reader: HostReader, process: number | 'self'): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for (const line of ((await textOf(reader, `/proc/${process}/cgroup`)) ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    for (const controller of (controllers ?? '').split(',')) {
      if (path !== undefined) paths.set(controller.replace(/^name=/, ''), path);
    }
  }
  return paths;
}

/** A file of a controller at this process's group and at every group above it: any of them may limit. */
async function upwards(reader: HostReader, base: string, path: string, file: string): Promise<string[]> {
  const found: string[] = [];
  for (let at = path.replace(/\/+$/, ''); ; at = at.slice(0, at.lastIndexOf('/'))) {
    const text = await textOf(reader, `${base}${at}/${file}`);
    if (text !== undefined) found.push(text.trim());
    if (at === '') return found;
  }
}

const least = (values: number[]): number | null => (values.length > 0 ? Math.min(...values) : null);

/** Bytes of the tightest memory limit of a process (default: this one), or null. */
export async function memoryLimit(
  reader: HostReader,
  process: number | 'self' = 'self',
): Promise<number | null> {
  const paths = await groupsOf(reader, process);
  const texts = [
    ...(await upwards(reader, `${ROOT}/memory`, paths.get('memory') ?? '', 'memory.limit_in_bytes')),
    ...(await upwards(reader, ROOT, paths.get('') ?? '', 'memory.max')),
  ];
  // Version 1 writes "no limit" as the largest multiple of a page.
  return least(texts.map(Number).filter((bytes) => Number.isFinite(bytes) && bytes < 2 ** 62));
}

/** Cores of the tightest CPU quota, or null. */
export async function cpuQuota(reader: HostReader): Promise<number | null> {
  const paths = await groupsOf(reader, 'self');
  const path = paths.get('cpu') ?? '';
  const quotas: number[] = [];
  for (const base of [`${ROOT}/cpu`, `${ROOT}/cpu,cpuacct`]) {
    const [quota, period] = await Promise.all([
      upwards(reader, base, path, 'cpu.cfs_quota_us'),
      upwards(reader, base, path, 'cpu.cfs_period_us'),
    ]);
    quota.forEach((text, at) =>
      quotas.push(Number(text) > 0 ? Number(text) / Number(period[at]) : Number.NaN),
    );
  }
  for (const text of await upwards(reader, ROOT, paths.get('') ?? '', 'cpu.max')) {
    const [quota, period] = text.split(' ').map(Number);
    quotas.push((quota ?? Number.NaN) / (period ?? Number.NaN));
  }
  return least(quotas.filter(Number.isFinite));
}

export async function readCgroup(reader: HostReader): Promise<CgroupFacts> {
  const paths = await groupsOf(reader, 'self');
  const [unified, memory, systemd] = await Promise.all([
    reader.exists(`${ROOT}/cgroup.controllers`),
    reader.exists(`${ROOT}/memory`),
    reader.exists('/run/systemd/system'),
  ]);
  const version = unified ? 2 : memory ? ((await reader.exists(`${ROOT}/unified`)) ? 'hybrid' : 1) : null;
  const own = unified ? `${ROOT}${paths.get('') ?? '/'}` : `${ROOT}/memory`;
  return { version, writable: version === null ? null : await reader.writable(own), systemd };
}
