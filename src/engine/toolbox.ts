import { chmod, copyFile, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RigError, errnoOf, run, sha256Hex, temporaryName } from '../kernel/index.ts';
import { findProgram } from './hostPrograms.ts';

/**
 * A folder with the host's own mount, setpriv, script and so on, each with its loader and libraries, to be bound read-only
 * at /run/rig. Whatever is done with full powers after the root was switched is done by these, never by programs that
 * somebody inside may have replaced; and any image will do, however bare.
 */
export interface Toolbox {
  path: string;
  /** File name of the dynamic loader in the folder; undefined when the programs are static. */
  loader: string | undefined;
  programs: ReadonlySet<string>;
}

/** Where the toolbox lies inside. */
export const TOOLBOX_INSIDE = '/run/rig';

const NEEDED = ['mount', 'umount', 'mkdir', 'rm', 'install', 'chmod', 'ln', 'env', 'setpriv'];
const WELCOME = ['script'];

/** Words that run one of its programs: `/run/rig/ld.so --library-path /run/rig /run/rig/setpriv`. */
export function toolWords(box: Toolbox, program: string, at: string = TOOLBOX_INSIDE): string[] {
  const file = `${at}/${program}`;
  return box.loader ? [`${at}/${box.loader}`, '--library-path', at, file] : [file];
}

interface Part {
  name: string;
  source: string;
}

/** Makes the toolbox of this host below `tools`, once; a host upgrade makes another. Throws RIG-ENGINE-010 when a program is missing. */
export async function ensureToolbox(tools: string, env: NodeJS.ProcessEnv = process.env): Promise<Toolbox> {
  const programs = locate(env);
  const stamps = await Promise.all(programs.map(async ({ name, source }) => stampOf(name, source)));
  const path = join(tools, `sandbox-${sha256Hex(stamps.join('\n')).slice(0, 16)}`);
  const manifest = join(path, '.toolbox.json');
  const names = new Set(programs.map(({ name }) => name));
  const known = await readManifest(manifest);
  if (known) return { path, loader: known.loader ?? undefined, programs: names };
  return build(path, programs);
}

function locate(env: NodeJS.ProcessEnv): Part[] {
  const parts: Part[] = [];
  for (const name of [...NEEDED, ...WELCOME]) {
    const source = findProgram(name, env);
    if (source) parts.push({ name, source });
    else if (NEEDED.includes(name)) {
      throw new RigError('RIG-ENGINE-010', `the program "${name}" was not found`, {
        why: 'the sandbox is set up by util-linux and coreutils of this machine',
        hint: 'install the packages util-linux, mount and coreutils',
        details: { program: name },
      });
    }
  }
  return parts;
}

async function stampOf(name: string, source: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(source);
  return `${name} ${source} ${size} ${mtimeMs} ${ino}`;
}

async function readManifest(path: string): Promise<{ loader: string | null } | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as { loader: string | null };
  } catch {
    return undefined;
  }
}

async function build(path: string, programs: Part[]): Promise<Toolbox> {
  const temporary = temporaryName(path);
  await mkdir(temporary, { recursive: true, mode: 0o755 });
  try {
    const libraries = new Map<string, string>();
    let loader: string | undefined;
    for (const { name, source } of programs) {
      for (const library of await linkedFiles(source)) {
        libraries.set(basename(library), library);
        if (/^ld[-.]/.test(basename(library))) loader = basename(library);
      }
      await copyPart(source, join(temporary, name));
    }
    for (const [name, source] of libraries) await copyPart(source, join(temporary, name));
    await writeFile(join(temporary, '.toolbox.json'), JSON.stringify({ loader: loader ?? null }));
    await rename(temporary, path).catch(async (error: unknown) => {
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
      // another run was first, unless what lies there was cut off by a crash
      if (!(await readManifest(join(path, '.toolbox.json')))) {
        await rm(path, { recursive: true, force: true });
        await rename(temporary, path);
      } else await rm(temporary, { recursive: true, force: true });
    });
    return { path, loader, programs: new Set(programs.map(({ name }) => name)) };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** A plain copy: neither set-uid bits nor links come along. */
async function copyPart(source: string, target: string): Promise<void> {
  await copyFile(await realpath(source), target);
  await chmod(target, 0o755);
}

/** Libraries and loader of a program as ldd(1) says; empty for a static one. */
async function linkedFiles(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program], { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } });
  const files = stdout.match(/(?<=\s)\/[^\s)]+/g) ?? [];
  return [...new Set(files)];
}
