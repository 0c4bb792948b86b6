import { access, readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Bind } from './bootScript.ts';
import { gpuDevices } from './gpuDevices.ts';
import type { GpuWish } from './gpuDevices.ts';
import { driverLibraries } from './gpuLibraries.ts';

/** How the host's GPUs and the programs' side of its driver come into an environment. */
export interface GpuAccess {
  binds: Bind[];
  /** Symbolic links inside: [path, target]. They dangle when the environment is started without a GPU, and then count as missing. */
  links: [string, string][];
  env: Record<string, string>;
  notices: string[];
}

const INSIDE = '/run/nvidia';
const LIBRARIES = process.arch === 'arm64' ? '/usr/lib/aarch64-linux-gnu' : '/usr/lib/x86_64-linux-gnu';
const PROGRAMS = ['nvidia-smi', 'nvidia-debugdump', 'nvidia-cuda-mps-control', 'nvidia-cuda-mps-server'];
const SOCKETS = ['/run/nvidia-persistenced/socket', '/run/nvidia-fabricmanager/socket'];
const WSL = '/usr/lib/wsl';

/**
 * Device nodes, driver libraries and nvidia-smi of the GPUs asked for (images.md, "GPU in a container"). The libraries lie in
 * a folder of /run, so that none is left in the writable layer when the driver changes. `root` is another root in tests.
 */
export async function gpuAccess(wish: GpuWish, root = '/'): Promise<GpuAccess> {
  const { nodes, kind, migs } = await gpuDevices(wish, root);
  if (kind === 'none') return { binds: [], links: [], env: {}, notices: [] };
  const devices = nodes.map((node): Bind => fileBind(join(root, node), node, false));
  if (kind === 'wsl') return wslAccess(devices, root);
  const { files, aliases, version } = await driverLibraries(root);
  const libraries = libraryAccess(files, aliases);
  const extra = await programsAndSockets(root);
  return {
    binds: [...devices, ...libraries.binds, ...extra.binds],
    links: [...libraries.links, ...extra.links],
    env: {
      // Triton asks the loader's cache, which does not know a folder that comes and goes
      TRITON_LIBCUDA_PATH: `${INSIDE}/lib`,
      ...(migs.length > 0 ? { CUDA_VISIBLE_DEVICES: migs.join(',') } : {}),
    },
    notices: await driverNotices(root, version),
  };
}

/** One bind for each folder, and links to the driver's files alone: fewer mounts start faster. */
function libraryAccess(files: string[], aliases: [string, string][]): Pick<GpuAccess, 'binds' | 'links'> {
  const folders = [...new Set(files.map((file) => dirname(file)))];
  const inside = (file: string): string =>
    `${INSIDE}/host/${folders.indexOf(dirname(file))}/${basename(file)}`;
  const places = new Map(files.map((file) => [basename(file), inside(file)]));
  const names = [...places.keys(), ...aliases.map(([name]) => name)];
  return {
    binds: folders.map((source, index) => ({
      source,
      target: `${INSIDE}/host/${index}`,
      kind: 'dir',
      readonly: true,
    })),
    links: [
      ...[...places].map(([name, target]): [string, string] => [`${INSIDE}/lib/${name}`, target]),
      ...aliases.map(([name, file]): [string, string] => [`${INSIDE}/lib/${name}`, places.get(file) ?? file]),
      ...names.map((name): [string, string] => [`${LIBRARIES}/${name}`, `${INSIDE}/lib/${name}`]),
    ],
  };
}

async function programsAndSockets(root: string): Promise<Pick<GpuAccess, 'binds' | 'links'>> {
  const binds: Bind[] = [];
  const links: [string, string][] = [];
  for (const name of PROGRAMS) {
    const source = join(root, 'usr/bin', name);
    if (!(await exists(source))) continue;
    binds.push(fileBind(source, `${INSIDE}/bin/${name}`, true));
    links.push([`/usr/bin/${name}`, `${INSIDE}/bin/${name}`]);
  }
  for (const path of SOCKETS) {
    if (await exists(join(root, path)))
      binds.push({ ...fileBind(join(root, path), path, false), optional: true });
  }
  return { binds, links };
}

async function driverNotices(root: string, version: string | undefined): Promise<string[]> {
  const module = (await readFile(join(root, 'sys/module/nvidia/version'), 'utf8').catch(() => '')).trim();
  if (version === undefined) {
    return [
      'gpus: device nodes are there but no libcuda.so of the driver was found: CUDA will not work (rig doctor)',
    ];
  }
  if (module === '' || module === version) return [];
  return [
    `gpus: the kernel's driver is ${module}, its libraries are ${version}: CUDA will fail until they agree (reboot after a driver upgrade)`,
  ];
}

/** Under WSL the driver is Windows' own: one device, and a folder of libraries that must keep its place. */
async function wslAccess(devices: Bind[], root: string): Promise<GpuAccess> {
  const source = join(root, WSL);
  if (!(await exists(join(source, 'lib')))) {
    return {
      binds: devices,
      links: [],
      env: {},
      notices: [`gpus: ${WSL}/lib is missing: install the NVIDIA driver on the Windows side`],
    };
  }
  const names = (await readdir(join(source, 'lib')))
    .filter((name) => /^lib(cuda|nvidia-ml|d3d12|dxcore)\.so/.test(name))
    .sort();
  const smi = (await exists(join(source, 'lib/nvidia-smi')))
    ? [['/usr/bin/nvidia-smi', `${WSL}/lib/nvidia-smi`] as [string, string]]
    : [];
  return {
    binds: [...devices, { source, target: WSL, kind: 'dir', readonly: true }],
    links: [...names.map((name): [string, string] => [`${LIBRARIES}/${name}`, `${WSL}/lib/${name}`]), ...smi],
    env: { TRITON_LIBCUDA_PATH: `${WSL}/lib`, LD_LIBRARY_PATH: `${WSL}/lib` },
    notices: [],
  };
}

function fileBind(source: string, target: string, readonly: boolean): Bind {
  return { source, target, kind: 'file', readonly };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
