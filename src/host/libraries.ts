import type { HostReader } from './reader.ts';

const FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib/wsl/lib',
  '/usr/local/nvidia/lib64',
  '/run/opengl-driver/lib',
  '/usr/lib',
];

export interface LibraryCache {
  /** As `ldconfig -p` lists them: file name -> paths in order of preference. */
  byName: Map<string, string[]>;
}

/** The loader's cache, without 32-bit entries. Empty where ldconfig does not answer. */
export async function loaderCache(reader: HostReader): Promise<LibraryCache> {
  const byName = new Map<string, string[]>();
  for (const program of ['/sbin/ldconfig', 'ldconfig']) {
    const { stdout } = await reader.exec(program, ['-p'], { timeout: 2000 });
    for (const line of stdout.split('\n')) {
      const [, name, kind, path] = /^\s+(\S+) \(([^)]*)\) => (\S+)$/.exec(line) ?? [];
      if (!name || !path || !/64/.test(kind ?? '')) continue;
      byName.set(name, [...(byName.get(name) ?? []), path]);
    }
    if (byName.size > 0) break;
  }
  return { byName };
}

/** The folders of LD_LIBRARY_PATH, in order. */
export function searchPath(reader: HostReader): string[] {
  return (reader.identity.env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
}

/** Every place a library of this name is found, in the order of the loader: LD_LIBRARY_PATH, cache, usual folders. */
export async function findLibrary(reader: HostReader, cache: LibraryCache, name: string): Promise<string[]> {
  const places = [
    ...searchPath(reader).map((folder) => `${folder.replace(/\/+$/, '')}/${name}`),
    ...FOLDERS.map((folder) => `${folder}/${name}`),
  ];
  const there = await Promise.all(places.map((path) => reader.exists(path)));
  const onPath = searchPath(reader).length;
  const found = [
    ...places.slice(0, onPath).filter((_path, at) => there[at]),
    ...(cache.byName.get(name) ?? []),
    ...places.slice(onPath).filter((_path, at) => there[at + onPath]),
  ];
  return [...new Set(found)];
}

/** `libcuda.so.1 -> libcuda.so.570.86.10`: the version that a driver library's links end in. */
export async function libraryVersion(reader: HostReader, path: string): Promise<string | null> {
  let at = path;
  for (let hops = 0; hops < 8; hops += 1) {
    const version = /\.so\.(\d{3,}\.\d+(?:\.\d+)?)$/.exec(at)?.[1];
    if (version) return version;
    const target = await reader.readlink(at);
    if (!target.ok) return null;
    at = target.value.startsWith('/') ? target.value : `${at.slice(0, at.lastIndexOf('/'))}/${target.value}`;
  }
  return null;
}
