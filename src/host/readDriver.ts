import type { DriverFacts } from './facts.ts';
import { findLibrary, libraryVersion, loaderCache, searchPath } from './libraries.ts';
import type { Note } from './notes.ts';
import type { SmiAnswer } from './nvidiaSmi.ts';
import { type PciFunction, isGpu, isNvswitch } from './readGpus.ts';
import { type HostReader, namesIn, textOf } from './reader.ts';

const VERSION = /\b(\d{3,}\.\d{1,3}(?:\.\d{1,3})?)\b/;

async function readKernelModule(
  reader: HostReader,
  note: Note,
): Promise<Pick<DriverFacts, 'kernel' | 'flavour'>> {
  const [module, banner] = await Promise.all([
    reader.readFile('/sys/module/nvidia/version'),
    reader.readFile('/proc/driver/nvidia/version'),
  ]);
  const line = banner.ok ? (banner.value.split('\n', 1)[0] ?? '') : '';
  const kernel = VERSION.exec(module.ok ? module.value : '')?.[1] ?? VERSION.exec(line)?.[1] ?? null;
  for (const look of [module, banner]) {
    if (kernel === null && (look.ok || look.why !== 'missing')) {
      note('driver.kernel', look.ok ? `no version in "${look.value.trim().slice(0, 80)}"` : look.message);
    }
  }
  return { kernel, flavour: line === '' ? null : /open kernel module/i.test(line) ? 'open' : 'proprietary' };
}

/** Is a module built for the running kernel, though not loaded? */
async function moduleInstalled(reader: HostReader): Promise<boolean> {
  const release = (await textOf(reader, '/proc/sys/kernel/osrelease'))?.trim() ?? '';
  const index = (await textOf(reader, `/lib/modules/${release}/modules.dep`)) ?? '';
  return /(^|\/)nvidia\.ko/m.test(index);
}

async function fabricManager(reader: HostReader): Promise<'running' | 'absent'> {
  const processes = (await namesIn(reader, '/proc')).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(processes.map((pid) => textOf(reader, `/proc/${pid}/comm`)));
  return names.some((name) => name?.startsWith('nv-fabricmanag')) ? 'running' : 'absent';
}

async function readDevices(reader: HostReader): Promise<string[]> {
  const names = (await namesIn(reader, '/dev')).filter((name) => /^(nvidia|dxg$|nvhost|nvmap)/.test(name));
  const caps = await namesIn(reader, '/dev/nvidia-caps');
  return [...names, ...caps.map((name) => `nvidia-caps/${name}`)].map((name) => `/dev/${name}`);
}

/** Kernel module and user-mode libraries apart: they may differ, and then nothing works. */
export async function readDriver(
  reader: HostReader,
  note: Note,
  from: { functions: PciFunction[]; smi: SmiAnswer },
): Promise<DriverFacts> {
  const [module, cache, devices, nouveau] = await Promise.all([
    readKernelModule(reader, note),
    loaderCache(reader),
    readDevices(reader),
    reader.exists('/sys/module/nouveau'),
  ]);
  const [libcudas, managements] = await Promise.all([
    findLibrary(reader, cache, 'libcuda.so.1'),
    findLibrary(reader, cache, 'libnvidia-ml.so.1'),
  ]);
  const libcuda = libcudas[0] ?? null;
  const said = from.smi.rows[0]?.driver_version;
  const userMode = libcuda ? await libraryVersion(reader, libcuda) : null;
  if (libcuda && userMode === null && !said) note('driver.userMode', `${libcuda} does not tell its version`);
  const nvswitches = from.functions.filter(isNvswitch).length;
  const compat = [...libcudas, ...searchPath(reader)].filter((path) => /\/compat(\/|$)/.test(path));
  return {
    // WSL has no kernel module of its own: the Windows driver's version is what nvidia-smi says.
    kernel: module.kernel ?? (devices.includes('/dev/dxg') ? (said ?? null) : null),
    flavour: module.flavour,
    userMode: userMode ?? (libcuda ? (said ?? null) : null),
    libcuda,
    nvml: managements[0] ? await libraryVersion(reader, managements[0]) : null,
    smi: { state: from.smi.state, message: from.smi.message },
    cuda: from.smi.cuda,
    nouveau,
    installedNotLoaded:
      module.kernel === null && from.functions.some(isGpu) && (await moduleInstalled(reader)),
    devices,
    compatLibraries: [...new Set(compat)],
    fabricManager: nvswitches > 0 ? await fabricManager(reader) : null,
    nvswitches,
  };
}
