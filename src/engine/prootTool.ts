import { access, constants, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RigError, errnoOf, sha256Hex, temporaryName } from '../kernel/index.ts';
import type { HomeLayout, Progress } from '../kernel/index.ts';
import type { LockedDeb } from '../lock/index.ts';
import { extractLoaders } from './prootLoader.ts';

/** proot of Debian 12 and the one library it needs beside the C library, which the environment's own root has. */
const DEBS: Partial<Record<NodeJS.Architecture, LockedDeb[]>> = {
  x64: [
    {
      name: 'proot',
      version: '5.1.0-1.3',
      arch: 'amd64',
      archive: 'debian',
      path: 'pool/main/p/proot/proot_5.1.0-1.3_amd64.deb',
      size: 75060,
      sha256: 'ba51946d76c0a681c034b93266d870db7e21b0d3230a4d2dea3bffb556271aeb',
    },
    {
      name: 'libtalloc2',
      version: '2.4.0-f2',
      arch: 'amd64',
      archive: 'debian',
      path: 'pool/main/t/talloc/libtalloc2_2.4.0-f2_amd64.deb',
      size: 25616,
      sha256: '2cbba68ca13003a0da794f5bcc44d95d0a191514fdd2d2764858b37215f0867c',
    },
  ],
};

const LIBRARIES = 'usr/lib/x86_64-linux-gnu';
const PROGRAM = 'proot/usr/bin/proot';

export interface ProotContext {
  layout: HomeLayout;
  env: NodeJS.ProcessEnv;
  progress?: Progress;
}

/** Whether proot can be brought here at all; whether it works is found out when it is needed. */
export function hasProot(): boolean {
  return DEBS[process.arch] !== undefined;
}

/**
 * The folder with proot, brought by our own store on first need; nothing is installed. Throws RIG-ENGINE-006 for a processor
 * it is not built for and where it may not be run, and what the store throws when it cannot be had.
 */
export async function obtainProot({ layout, env, progress }: ProotContext): Promise<string> {
  const debs = DEBS[process.arch];
  if (!debs) {
    throw new RigError('RIG-ENGINE-006', `there is no proot for ${process.arch}`, {
      hint: 'run rig where user namespaces are allowed, or as root',
    });
  }
  const folder = join(
    layout.tools,
    // the loaders lie beside it
    `proot-${sha256Hex([...debs.map(({ sha256 }) => sha256), 'loaders'].join()).slice(0, 16)}`,
  );
  if (!(await isThere(folder))) await bring(debs, folder, { layout, env, ...(progress && { progress }) });
  await mayRun(join(folder, PROGRAM), layout.root);
  return folder;
}

async function bring(
  debs: LockedDeb[],
  folder: string,
  { layout, env, progress }: ProotContext,
): Promise<void> {
  // Loaded here, because hardly any command comes this way.
  const { openStore } = await import('../store/index.ts');
  const { debianSources, locateDeb } = await import('../sources/index.ts');
  const store = openStore(layout);
  try {
    const sources = debianSources(env);
    sources.catch(() => {}); // asked for, and reported, only when a file is missing
    await store.fetch(
      debs.map((deb) => ({
        sha256: deb.sha256,
        size: deb.size,
        label: `${deb.name} ${deb.version}`,
        locate: async () => locateDeb(await sources, deb),
      })),
      progress ? { progress, task: 'proot' } : {},
    );
    await unpackAll(
      debs.map((deb) => ({ deb, path: store.path(deb.sha256) })),
      folder,
    );
  } finally {
    await store.close();
  }
}

/** On a file system that is mounted noexec, no file has the right to be run: said before the long part begins. */
async function mayRun(program: string, home: string): Promise<void> {
  await access(program, constants.X_OK).catch((error: unknown) => {
    throw new RigError('RIG-ENGINE-006', `no program in TORCHRIG_HOME ${home} may be run`, {
      why: 'its file system is mounted noexec',
      hint: 'set TORCHRIG_HOME to a folder from which programs may be run (docker run --tmpfs /data:exec, or a volume: -v rig:/data; with -e TORCHRIG_HOME=/data)',
      cause: error,
    });
  });
}

async function unpackAll(files: { deb: LockedDeb; path: string }[], folder: string): Promise<void> {
  const { unpackDeb } = await import('../layers/index.ts');
  const temporary = temporaryName(folder);
  try {
    for (const { deb, path } of files) {
      const into = join(temporary, deb.name);
      await mkdir(into, { recursive: true, mode: 0o700 });
      await unpackDeb({
        debPath: path,
        label: `${deb.name} ${deb.version}`,
        into,
        exclude: [],
        adjust: { modes: [], drop: [], renames: [] },
        limit: 16 * 2 ** 20,
        chown: false,
      });
    }
    await extractLoaders(join(temporary, PROGRAM), temporary);
    await rename(temporary, folder).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error; // another run was first
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function isThere(folder: string): Promise<boolean> {
  return access(join(folder, PROGRAM)).then(
    () => true,
    () => false,
  );
}

/** Words that run proot with the loader and C library of the root `lower`: the host's may be older, or another kind. */
export function prootProgram(folder: string, lower: string): string[] {
  const libraries = [
    join(folder, 'libtalloc2', LIBRARIES),
    join(lower, LIBRARIES),
    join(lower, 'lib/x86_64-linux-gnu'),
  ];
  return [
    join(lower, LIBRARIES, 'ld-linux-x86-64.so.2'),
    '--library-path',
    libraries.join(':'),
    join(folder, PROGRAM),
  ];
}
