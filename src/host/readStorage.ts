import { dirname } from 'node:path';
import type { DiskFacts, ShmFacts } from './facts.ts';
import type { Note } from './notes.ts';
import type { HostReader } from './reader.ts';

/** Free space where `home` is, or where it would be made. */
export async function readDisk(reader: HostReader, note: Note, home: string): Promise<DiskFacts> {
  let at = home;
  while (!(await reader.exists(at)) && dirname(at) !== at) at = dirname(at);
  const [look, writable] = await Promise.all([reader.statfs(at), reader.writable(at)]);
  if (!look.ok) note('disk', look.message);
  return {
    path: home,
    free: look.ok ? look.value.free : null,
    total: look.ok ? look.value.total : null,
    type: look.ok ? look.value.type : null,
    writable,
  };
}

export async function readShm(reader: HostReader, note: Note): Promise<ShmFacts> {
  const look = await reader.statfs('/dev/shm');
  if (!look.ok) note('shm', look.message);
  return look.ok ? { total: look.value.total, free: look.value.free } : { total: null, free: null };
}
