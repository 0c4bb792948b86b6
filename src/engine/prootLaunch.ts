import { chmod, mkdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RigError, errnoOf, run } from '../kernel/index.ts';
import { MARKER } from './boxIdentity.ts';
import type { Bind } from './bootScript.ts';
import { copyRoot } from './copyRoot.ts';
import type { EnvironmentStart, PlacedFile } from './engine.ts';
import type { EnvironmentFolder } from './environmentFolder.ts';
import { findPython, systemPath } from './hostPrograms.ts';
import { insidePath } from './insidePath.ts';
import { placeInRoot } from './placeInRoot.ts';
import { prootFilter } from './pretendFilter.ts';
import { loaderEnv } from './prootLoader.ts';
import { prootProgram } from './prootTool.ts';
import { sizeWord } from './sizeWord.ts';
import { loadFilterWords } from './syscallFilter.ts';

/** How an environment is run without namespaces. */
export interface ProotLaunch {
  /** Words before a command inside. */
  words: string[];
  /** Of proot itself. */
  env: Record<string, string>;
  notices: string[];
}

export interface ProotWish {
  request: EnvironmentStart;
  folder: EnvironmentFolder;
  /** Folder of obtainProot. */
  tool: string;
  /** Writable copy of the image's root. */
  root: string;
  binds: Bind[];
  links: [string, string][];
  files: PlacedFile[];
  /** Bytes of /dev/shm asked for. */
  shm: number;
  /** Why there are no namespaces. */
  reason: string;
}

/** Prepares the root and finds out, by doing, how proot works here. Throws RIG-ENGINE-006 when it does not. */
export async function prepareProot(wish: ProotWish): Promise<ProotLaunch> {
  const { request, folder, tool, root } = wish;
  await copyRoot(request.lower, root);
  const own = await ownFolders(wish);
  await placeInRoot(root, wish.files, wish.links);
  const workspace = wish.binds.find(({ target }) => target === '/workspace')?.source ?? request.workspace;
  await makePoint(workspace, await insidePath(root, '/root/workspace'));
  const words = [
    ...filterWords(),
    ...prootProgram(tool, request.lower),
    // fakes root's identity for an ordinary user
    ...(process.geteuid?.() === 0 ? [] : ['-0']),
    '-r',
    root,
    ...['/dev', '/proc', '/sys'].flatMap((path) => ['-b', path]),
    ...own.binds.flatMap((bind) => ['-b', bind]),
    ...(await bindWords(root, wish.binds)),
    '-b',
    `${workspace}:/root/workspace`,
  ];
  const env = { ...loaderEnv(tool), [MARKER]: folder.root };
  return {
    words,
    env: { ...env, ...(await howItWorks(words, env)) },
    notices: [...notices(wish), ...own.notices],
  };
}

function filterWords(): string[] {
  const filter = prootFilter();
  const python = findPython();
  return filter && python ? loadFilterWords(python, filter, true) : [];
}

/** /tmp and /run begin empty; /dev/shm is the host's where that is large enough, else a folder on disk. */
async function ownFolders({ folder, root, shm }: ProotWish): Promise<{ binds: string[]; notices: string[] }> {
  for (const name of ['tmp', 'run']) {
    await rm(join(root, name), { recursive: true, force: true });
    await mkdir(join(root, name));
    await chmod(join(root, name), name === 'tmp' ? 0o1777 : 0o755);
  }
  await mkdir(join(root, 'run/sshd'));
  const facts = await statfs('/dev/shm').catch(() => undefined);
  const there = facts ? facts.blocks * facts.bsize : 0;
  if (there >= shm) return { binds: [], notices: [] };
  const path = join(folder.root, 'shm');
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  const notice = `shm: the host's /dev/shm has only ${sizeWord(there)}; a folder on disk stands in for it, slower and without a limit`;
  return { binds: [`${path}:/dev/shm`], notices: [notice] };
}

async function bindWords(root: string, binds: Bind[]): Promise<string[]> {
  const words: string[] = [];
  for (const { source, target } of binds) {
    if (target.startsWith('/dev/')) continue; // the host's /dev is there whole
    if (source.includes(':')) {
      throw new RigError('RIG-ENGINE-005', `cannot mount ${source} at ${target}`, {
        why: 'without namespaces a path may not hold a colon',
        hint: 'rename it, or make a symbolic link to it',
      });
    }
    const outer = binds.findLast((other) => target.startsWith(`${other.target}/`));
    await makePoint(
      source,
      outer
        ? await insidePath(outer.source, target.slice(outer.target.length))
        : await insidePath(root, target),
    );
    words.push('-b', `${source}:${target}`);
  }
  return words;
}

/** As mounting would have it; where none can be made, proot makes a stand-in in /tmp. */
async function makePoint(source: string, point: string): Promise<void> {
  try {
    const isFolder = (await stat(source)).isDirectory();
    await mkdir(isFolder ? point : dirname(point), { recursive: true });
    if (!isFolder) await writeFile(point, '', { flag: 'a' });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

const CHECK =
  'f=/tmp/.rig-probe; echo a >$f && mv $f $f.2 && [ "$(cat $f.2)" = a ] && [ -f $f.2 ] && ls -l $f.2 >/dev/null && rm $f.2 && [ ! -e $f.2 ]';

/** With its seccomp acceleration some builds lie about new files (sandbox.md, section 11): then without. */
async function howItWorks(words: string[], env: Record<string, string>): Promise<Record<string, string>> {
  let why = '';
  for (const mode of [{}, { PROOT_NO_SECCOMP: '1' }]) {
    const [command, ...args] = [...words, '-w', '/', '/bin/sh', '-c', CHECK];
    const result = await run(command ?? 'proot', args, {
      env: { PATH: systemPath({}), LC_ALL: 'C', ...env, ...mode },
      timeout: 20_000,
    });
    if (result.code === 0) return mode;
    const lines = result.stderr.trim().split('\n');
    why = lines.find((line) => /error/i.test(line)) ?? (lines[0] || `it ended with ${result.code}`);
  }
  throw new RigError('RIG-ENGINE-006', 'neither namespaces nor proot work on this machine', {
    why: `proot: ${why}`,
    hint: 'allow ptrace (docker run --cap-add SYS_PTRACE), and set TORCHRIG_HOME to a writable folder from which programs may be run',
  });
}

function notices({ reason, binds }: ProotWish): string[] {
  const readonly = binds
    .filter((bind) => bind.readonly && !bind.target.startsWith('/run/'))
    .map(({ target }) => target);
  return [
    `isolation: none but of paths (${reason}): programs inside see the processes, devices and host name of this machine, and run with all your rights`,
    'speed: starting programs and opening files takes two to four times as long under proot; computing does not',
    ...(readonly.length > 0 ? [`mounts: ${readonly.join(', ')} can be written to without namespaces`] : []),
  ];
}
