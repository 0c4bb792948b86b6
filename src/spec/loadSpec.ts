import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { canonicalJson, errnoOf, EXIT, messageOf, RigError } from '../kernel/index.ts';
import { applyOverrides, type SpecOverrides } from './applyOverrides.ts';
import { invalidFile } from './findings.ts';
import { makeSafeName } from './readName.ts';
import { DEFAULT_PRESET, loadPreset, presetNames, renewedLockPath, type Preset } from './presets.ts';
import { lockedInputs, resolveSpec } from './resolveSpec.ts';
import type { FileSpec } from './schema.ts';
import type { Spec } from './spec.ts';
import { validateFile } from './validateFile.ts';

/** The name of the user's file, and of its lock beside it. */
export const SPEC_FILE = 'torchrig.yaml';
export const LOCK_FILE = 'torchrig.lock';

export interface LoadOptions {
  /** Where to look for torchrig.yaml; relative paths in it are meant from its own folder. */
  folder: string;
  /** A file of another name; it must exist. */
  file?: string;
  /** For `${NAME}`, `~` and `-e NAME`. */
  env?: NodeJS.ProcessEnv;
  /** Flags of the command line, as typed. */
  overrides?: SpecOverrides;
}

export interface LoadedSpec {
  spec: Spec;
  /** The environment's name: the spec's, else made from the folder's. */
  name: string;
  /** The folder of the file, or the one that was asked. */
  folder: string;
  /** Absolute path; undefined when there is none and the default preset is meant. */
  file: string | undefined;
  /** The lock to use: the user's where it exists, else the preset's when its inputs are unchanged, else the user's to be made. */
  lockPath: string;
  /** True when `lockPath` is the preset's. */
  builtin: boolean;
  /** Where the preset's lock is kept, and found, when it had to be renewed; undefined for a lock of the user's. */
  renewedLockPath: string | undefined;
  /** torchrig.lock beside the file, where `rig lock` writes. */
  userLockPath: string;
}

/** More than readYaml accepts, so that it can say how large the file is without reading all of it. */
const READ_AT_MOST = 1 << 20;

/**
 * torchrig.yaml of a folder over its preset, validated and complete. Without a file: the preset v2.7.
 * Throws RIG-SPEC-001 (invalid, all errors at once), -002 (a flag), -004 (cannot be read); exit code 2.
 */
export async function loadSpec(options: LoadOptions): Promise<LoadedSpec> {
  const env = options.env ?? process.env;
  const asked = resolve(options.folder);
  const wanted = options.file === undefined ? join(asked, SPEC_FILE) : resolve(asked, options.file);
  const bytes = await readSmall(wanted, options.file !== undefined);
  const folder = bytes === undefined ? asked : dirname(wanted);
  const label = options.file !== undefined && !isAbsolute(options.file) ? options.file : basename(wanted);
  const written: FileSpec = bytes === undefined ? {} : await checked(bytes, env, label);
  const preset = written.preset === 'none' ? undefined : await loadPreset(written.preset ?? DEFAULT_PRESET);
  const fromFile = resolveSpec(written, preset?.spec, { folder, env, preset: preset?.name });
  const spec = applyOverrides(fromFile, options.overrides ?? {}, { folder: asked, env });
  const userLockPath = join(folder, LOCK_FILE);
  const builtin = preset !== undefined && !existsSync(userLockPath) && hasInputsOf(preset, spec, folder);
  const renewed = builtin ? await renewedLockPath(preset, env) : undefined;
  const presetLockPath = renewed !== undefined && existsSync(renewed) ? renewed : preset?.lockPath;
  return {
    spec,
    name: spec.name ?? makeSafeName(basename(folder)) ?? 'torchrig',
    folder,
    file: bytes === undefined ? undefined : wanted,
    lockPath: (builtin ? presetLockPath : undefined) ?? userLockPath,
    builtin,
    renewedLockPath: renewed,
    userLockPath,
  };
}

/** A preset as a spec of its own: what `rig lock` resolves to make the preset's lock. */
export async function loadPresetSpec(name: string): Promise<LoadedSpec> {
  const preset = await loadPreset(name);
  const folder = dirname(preset.file);
  const spec = resolveSpec({}, preset.spec, { folder, env: {}, preset: name });
  return {
    spec,
    name: makeSafeName(name) ?? 'torchrig',
    folder,
    file: preset.file,
    lockPath: preset.lockPath,
    builtin: true,
    renewedLockPath: undefined,
    userLockPath: preset.lockPath,
  };
}

function hasInputsOf(preset: Preset, spec: Spec, folder: string): boolean {
  if (spec.packages.requirements !== undefined) return false;
  const untouched = resolveSpec({}, preset.spec, { folder, env: {}, preset: preset.name });
  return canonicalJson(lockedInputs(spec)) === canonicalJson(lockedInputs(untouched));
}

async function checked(bytes: Uint8Array, env: NodeJS.ProcessEnv, label: string): Promise<FileSpec> {
  const validated = validateFile(bytes, env, await presetNames());
  if ('findings' in validated) throw invalidFile(label, validated.findings);
  return validated.spec;
}

/** The first bytes of a file; undefined when it does not exist and need not. */
async function readSmall(path: string, mustExist: boolean): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const buffer = new Uint8Array(Math.min(Math.max(size, 1 << 16), READ_AT_MOST));
      let length = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
        length += bytesRead;
        if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && !mustExist) return undefined;
    throw new RigError('RIG-SPEC-004', `cannot read ${path}`, {
      why: messageOf(error),
      hint: 'rig init writes a torchrig.yaml; without one the preset v2.7 is meant',
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}
