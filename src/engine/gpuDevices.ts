import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RigError } from '../kernel/index.ts';

/** What `gpus` in torchrig.yaml may say. */
export type GpuWish = 'all' | 'none' | readonly (number | string)[];

export interface GpuDevices {
  /** Device nodes, absolute on the host and inside. */
  nodes: string[];
  /** `wsl`: GPUs through /dev/dxg. */
  kind: 'nvidia' | 'wsl' | 'none';
  /** MIG slices that were asked for by name; the nodes alone do not tell them apart. */
  migs: string[];
}

interface Gpu {
  minor: number;
  uuid: string | undefined;
}

const CONTROL = ['nvidiactl', 'nvidia-uvm', 'nvidia-uvm-tools', 'nvidia-modeset'];
const FOLDERS = ['nvidia-caps', 'nvidia-caps-imex-channels'];

/** The device nodes of the GPUs asked for; `root` is another root folder in tests. Throws RIG-ENGINE-011 for one that is not there. */
export async function gpuDevices(wish: GpuWish, root = '/'): Promise<GpuDevices> {
  const none: GpuDevices = { nodes: [], kind: 'none', migs: [] };
  if (wish === 'none' || (Array.isArray(wish) && wish.length === 0)) return none;
  const dev = await readdir(join(root, 'dev')).catch((): string[] => []);
  if (!dev.includes('nvidiactl')) {
    if (dev.includes('dxg')) return { nodes: ['/dev/dxg'], kind: 'wsl', migs: [] };
    if (wish === 'all') return none;
    throw noSuchGpu(String(wish[0]), []);
  }
  const gpus = await listGpus(root, dev);
  const migs = wish === 'all' ? [] : wish.map(String).filter((id) => id.startsWith('MIG-'));
  const chosen = wish === 'all' || migs.length > 0 ? gpus : wish.map((id) => pick(String(id), gpus));
  const control = CONTROL.filter((name) => dev.includes(name));
  const inside = await Promise.all(
    FOLDERS.filter((name) => dev.includes(name)).map(async (name) => folderNodes(root, name)),
  );
  const nodes = [...control, ...chosen.map(({ minor }) => `nvidia${minor}`), ...inside.flat()];
  return { nodes: [...new Set(nodes)].map((name) => `/dev/${name}`), kind: 'nvidia', migs };
}

async function folderNodes(root: string, folder: string): Promise<string[]> {
  return (await readdir(join(root, 'dev', folder))).sort().map((name) => `${folder}/${name}`);
}

/** In the order of the bus, which is the driver's; without /proc/driver/nvidia in the order of the nodes. */
async function listGpus(root: string, dev: string[]): Promise<Gpu[]> {
  const folder = join(root, 'proc/driver/nvidia/gpus');
  const found: Gpu[] = [];
  for (const bus of (await readdir(folder).catch((): string[] => [])).sort()) {
    const text = await readFile(join(folder, bus, 'information'), 'utf8').catch(() => '');
    const minor = /^Device Minor:\s*(\d+)/m.exec(text)?.[1];
    const uuid = /^GPU UUID:\s*(GPU-[0-9a-f-]+)/m.exec(text)?.[1];
    if (minor !== undefined && dev.includes(`nvidia${minor}`)) found.push({ minor: Number(minor), uuid });
  }
  if (found.length > 0) return found;
  return dev
    .flatMap((name) => /^nvidia(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
    .map((minor) => ({ minor, uuid: undefined }));
}

function pick(id: string, gpus: Gpu[]): Gpu {
  const gpu = /^\d+$/.test(id) ? gpus[Number(id)] : gpus.find(({ uuid }) => uuid?.startsWith(id));
  if (gpu) return gpu;
  throw noSuchGpu(id, gpus);
}

function noSuchGpu(id: string, gpus: Gpu[]): RigError {
  const names = gpus.map(({ uuid }, index) => (uuid ? `${index} (${uuid})` : String(index)));
  return new RigError('RIG-ENGINE-011', `there is no GPU ${id} on this machine`, {
    why: names.length > 0 ? `it has ${names.join(', ')}` : 'it has no GPU that its driver shows',
    hint: names.length > 0 ? 'rig up --gpus all' : 'rig doctor',
    details: { asked: id, gpus: names },
  });
}
