import { constants } from 'node:fs';
import { appendFile, copyFile, link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { errnoOf, EXIT, messageOf, RigError, temporaryName } from '../kernel/index.ts';
import { DOCKERIGNORE_LINES, GITIGNORE_LINES, specTemplate } from './initTemplate.ts';
import { SPEC_FILE } from './loadSpec.ts';
import { packageFolder } from './packageFolder.ts';
import { DEFAULT_PRESET, loadPreset } from './presets.ts';

/** What `rig init` does with one file. */
export interface InitFile {
  /** Absolute. */
  path: string;
  name: string;
  /** keep: it exists, and nothing is missing in it. */
  action: 'create' | 'append' | 'keep';
  /** The whole text for create, the lines to add for append, empty for keep. */
  text: string;
}

/**
 * The files of `rig init` for a folder: torchrig.yaml, .dockerignore, .gitignore. Nothing is written and nothing that exists would be
 * overwritten. Throws RIG-SPEC-003 (no such preset) or -005 (no such folder).
 */
export async function initFiles(options: { folder: string; preset?: string }): Promise<InitFile[]> {
  const folder = resolve(options.folder);
  const found = await stat(folder).catch((error: unknown) => {
    throw cannotWrite(folder, error);
  });
  if (!found.isDirectory()) throw cannotWrite(folder, new Error('it is not a folder'));
  const preset = options.preset ?? DEFAULT_PRESET;
  const spec = specTemplate({ preset, schema: schemaReference(folder), about: await aboutPreset(preset) });
  return [
    (await textOf(join(folder, SPEC_FILE))) === undefined
      ? { path: join(folder, SPEC_FILE), name: SPEC_FILE, action: 'create', text: spec }
      : { path: join(folder, SPEC_FILE), name: SPEC_FILE, action: 'keep', text: '' },
    await ignoreFile(join(folder, '.dockerignore'), DOCKERIGNORE_LINES),
    await ignoreFile(join(folder, '.gitignore'), GITIGNORE_LINES),
  ];
}

/** Writes what initFiles planned. A file that appeared in between is left alone. Throws RIG-SPEC-005. */
export async function writeInitFiles(files: readonly InitFile[]): Promise<void> {
  for (const { path, action, text } of files) {
    try {
      if (action === 'create') await createWhole(path, text);
      else if (action === 'append') await appendFile(path, text);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw cannotWrite(path, error);
    }
  }
}

/** All of the file or none of it, and never over another: written beside, then linked (copied where links are not known). */
async function createWhole(path: string, text: string): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await link(temporary, path).catch(async (error: unknown) => {
      if (errnoOf(error) === 'EEXIST') throw error;
      await copyFile(temporary, path, constants.COPYFILE_EXCL);
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Where an editor finds the JSON Schema: the file of the installed package, relative where it lies within the folder (node_modules) or
 * the folder within the package (its examples), so that the line holds for colleagues; else absolute, for this machine.
 */
function schemaReference(folder: string): string {
  const root = packageFolder();
  const schema = join(root, 'schema', 'torchrig.schema.json');
  const near = isWithin(schema, folder) || isWithin(folder, root);
  return near ? relative(folder, schema) : schema;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && !way.startsWith('..') && !isAbsolute(way);
}

async function aboutPreset(name: string): Promise<string> {
  if (name === 'none') return 'nothing but Python on Debian';
  const { spec } = await loadPreset(name);
  if (!spec.torch) return 'without torch; its lock comes with rig';
  const cuda = spec.cuda === undefined || spec.cuda === 'auto' ? '' : `, CUDA ${spec.cuda}`;
  return `torch ${spec.torch.replace(/^==/, '')}${cuda}, Jupyter Lab; its lock comes with rig`;
}

async function ignoreFile(path: string, wanted: readonly string[]): Promise<InitFile> {
  const name = basename(path);
  const text = await textOf(path);
  if (text === undefined) return { path, name, action: 'create', text: `${wanted.join('\n')}\n` };
  const present = new Set(text.split(/\r?\n/).map((line) => plainPattern(line)));
  const missing = wanted.filter((line) => !present.has(plainPattern(line)));
  if (missing.length === 0) return { path, name, action: 'keep', text: '' };
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return { path, name, action: 'append', text: `${gap}# torchrig\n${missing.join('\n')}\n` };
}

/** A pattern without the slashes at its ends: `/data/` and `data` leave out the same folder of this project. */
function plainPattern(line: string): string {
  return line.trim().replace(/^\/|\/$/g, '');
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, cause: unknown): RigError {
  return new RigError('RIG-SPEC-005', `rig init cannot write ${path}`, {
    why: messageOf(cause),
    hint: 'call rig init in a folder of yours',
    exitCode: EXIT.failed,
    cause,
  });
}
