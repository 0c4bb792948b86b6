import { lstat, open, readFile, readdir, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface DriverFiles {
  /** Regular files on the host, each once. */
  files: string[];
  /** Other names of them in the same folder: [name, file name]. */
  aliases: [string, string][];
  /** `libcuda.so.1` and the like: what programs ask for. */
  version: string | undefined;
}

/** Driver libraries for computing; they must be of the kernel module's version, so they are never part of an image. */
const STEMS = [
  'libcuda',
  'libcudadebugger',
  'libnvidia-ml',
  'libnvidia-cfg',
  'libnvidia-nscq',
  'libnvidia-opencl',
  'libnvidia-gpucomp',
  'libnvidia-ptxjitcompiler',
  'libnvidia-fatbinaryloader',
  'libnvidia-allocator',
  'libnvidia-compiler',
  'libnvidia-pkcs11',
  'libnvidia-pkcs11-openssl3',
  'libnvidia-nvvm',
  'libnvidia-nvvm70',
  'libnvidia-tileiras',
];

/** Where distributions, container platforms and NixOS keep them. */
const FOLDERS = [
  'usr/lib/x86_64-linux-gnu',
  'usr/lib/aarch64-linux-gnu',
  'usr/lib/x86_64-linux-gnu/nvidia/current',
  'usr/lib64',
  'usr/lib',
  'usr/local/nvidia/lib64',
  'run/opengl-driver/lib',
];

const LIBRARY = new RegExp(`^(${STEMS.join('|')})\\.so(\\.[0-9.]+)?$`);

/** The libraries of the running driver. `root` is another root folder in tests. */
export async function driverLibraries(root = '/'): Promise<DriverFiles> {
  const wanted = (await readFile(join(root, 'sys/module/nvidia/version'), 'utf8').catch(() => '')).trim();
  let best: DriverFiles | undefined;
  for (const folder of FOLDERS) {
    const found = await inFolder(join(root, folder));
    if (!found) continue;
    if (wanted === '' || found.version === wanted) return found;
    best ??= found;
  }
  return best ?? { files: [], aliases: [], version: undefined };
}

/** Undefined where there is no libcuda for this processor. */
async function inFolder(folder: string): Promise<DriverFiles | undefined> {
  const names = (await readdir(folder).catch((): string[] => [])).filter((name) => LIBRARY.test(name)).sort();
  const files = new Set<string>();
  const aliases: [string, string][] = [];
  for (const name of names) {
    const path = join(folder, name);
    const real = await realpath(path).catch(() => undefined);
    if (!real || !(await isNative(real))) continue;
    files.add(real);
    if ((await lstat(path)).isSymbolicLink() || basename(real) !== name) aliases.push([name, basename(real)]);
  }
  const cuda = [...files].map((path) => /libcuda\.so\.([0-9.]+)$/.exec(path)?.[1]).find((version) => version);
  const known = cuda !== undefined || aliases.some(([name]) => name.startsWith('libcuda.so'));
  return known ? { files: [...files], aliases, version: cuda } : undefined;
}

/** ELF of our word size and processor (elf(5): EI_CLASS, e_machine): 32-bit copies lie in folders of the same name. */
async function isNative(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(20), 0, 20, 0);
    const machine = process.arch === 'arm64' ? 183 : 62;
    return (
      bytesRead === 20 &&
      buffer.readUInt32BE(0) === 0x7f454c46 &&
      buffer[4] === 2 &&
      buffer.readUInt16LE(18) === machine
    );
  } finally {
    await handle.close();
  }
}
