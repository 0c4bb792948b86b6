import { readSharedLibrary } from './elfSoname.ts';
import { ldSoCache, libraryOrder, type CachedLibrary } from './ldSoCache.ts';
import { cannotApply, type RootView } from './rootView.ts';

const LIBRARY = /^(?:lib.*|ld-.*)\.so/;
const DEFAULTS = ['/lib', '/usr/lib'];
/** e_machine -> what ldconfig writes as flags: library for glibc 2, 64 bit of that machine. */
const FLAGS: Readonly<Record<number, number>> = { 62: 0x303, 183: 0xa03 };

interface Found {
  /** The file or link that gives the name. */
  file: string;
  isLink: boolean;
}

/** Folders that ldconfig searches: those of /etc/ld.so.conf and its includes, then the defaults, each real folder once. */
function searchFolders(root: RootView): string[] {
  const read = (path: string): string[] =>
    root.lstat(path)
      ? root
          .read(path)
          .toString()
          .split('\n')
          .map((line) => line.replace(/#.*/, '').trim())
          .flatMap((line) => {
            const include = /^include\s+(\S+)\/\*\.conf$/.exec(line)?.[1];
            if (include === undefined) return line === '' ? [] : [line];
            const names = root.list(include).filter((name) => name.endsWith('.conf'));
            return names.flatMap((name) => read(`${include}/${name}`));
          })
      : [];
  const seen = new Set<string>();
  return [...read('/etc/ld.so.conf'), ...DEFAULTS].filter((folder) => {
    const real = root.resolve(folder);
    if (seen.has(real)) return false;
    seen.add(real);
    return root.stat(folder)?.type === 'dir';
  });
}

/** Names of one folder: the soname of every library; a link `libx.so` counts under its own name when the soname goes on from there. */
function namesIn(root: RootView, folder: string, machines: Set<number>): Map<string, Found> {
  const found = new Map<string, Found>();
  for (const file of root.list(folder)) {
    const path = `${folder}/${file}`;
    if (!LIBRARY.test(file) || root.stat(path)?.type !== 'file') continue;
    const disk = root.diskPath(path);
    const library = disk === undefined ? undefined : readSharedLibrary(disk);
    if (!library || FLAGS[library.machine] === undefined) continue;
    machines.add(library.machine);
    const soname = library.soname ?? file;
    const isLink =
      root.lstat(path)?.type === 'symlink' &&
      (file === soname || (file.endsWith('.so') && soname.startsWith(file)));
    const name = isLink ? file : soname;
    const known = found.get(name);
    const better =
      !known || (!isLink && known.isLink) || (isLink === known.isLink && libraryOrder(known.file, file) < 0);
    if (better) found.set(name, { file, isLink });
  }
  return found;
}

/** Writes /etc/ld.so.cache, and the soname links that a package does not ship (ldconfig(8)). `version` is libc-bin's. */
export function applyLdconfig(root: RootView, version: string): void {
  const machines = new Set<number>();
  const libraries: CachedLibrary[] = [];
  for (const folder of searchFolders(root)) {
    for (const [name, { file }] of namesIn(root, folder, machines)) {
      if (!root.lstat(`${folder}/${name}`)) root.symlink(`${folder}/${name}`, file);
      libraries.push({ name, path: `${folder}/${name}` });
    }
  }
  const [machine, ...others] = machines;
  if (machine === undefined || others.length > 0) {
    throw cannotApply('the libraries are not of one architecture');
  }
  const release = /^\d+\.\d+/.exec(version)?.[0] ?? '';
  const generator = `ldconfig (Debian GLIBC ${version}) stable release version ${release}`;
  root.file('/etc/ld.so.cache', ldSoCache(libraries, FLAGS[machine] ?? 0, generator));
}
