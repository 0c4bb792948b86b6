import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, homeLayout, homeRoot, RigError, sha256Hex } from '../kernel/index.ts';
import { invalidFile } from './findings.ts';
import { packageFolder } from './packageFolder.ts';
import type { FileSpec } from './schema.ts';
import { nearest, validateFile } from './validateFile.ts';

/** What a folder without torchrig.yaml means, and what a torchrig.yaml without `preset` starts from. */
export const DEFAULT_PRESET = 'v2.7';

/** A built-in spec with its lock. */
export interface Preset {
  name: string;
  /** Its torchrig.yaml. */
  file: string;
  /** Its torchrig.lock; made by `rig lock`. */
  lockPath: string;
  spec: FileSpec;
}

/** Names of the built-in presets, sorted. */
export async function presetNames(presets: string = join(packageFolder(), 'presets')): Promise<string[]> {
  const entries = await readdir(presets, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** A preset by name. Throws RIG-SPEC-003 for a name that is none. */
export async function loadPreset(name: string): Promise<Preset> {
  const presets = join(packageFolder(), 'presets');
  const names = await presetNames(presets);
  if (!names.includes(name)) throw unknownPreset(name, names);
  const file = join(presets, name, 'torchrig.yaml');
  const validated = validateFile(await readFile(file), {});
  if ('findings' in validated) throw invalidFile(file, validated.findings);
  return { name, file, lockPath: join(presets, name, 'torchrig.lock'), spec: validated.spec };
}

/**
 * Where the lock of a preset is kept once it had to be renewed. Another rig ships another lock, and that has another path.
 * Undefined where the preset has no lock at all.
 */
export async function renewedLockPath(
  { name, lockPath }: Preset,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const shipped = await readFile(lockPath).catch(() => undefined);
  if (shipped === undefined) return undefined;
  return join(homeLayout(homeRoot(env)).presets, `${name}-${sha256Hex(shipped).slice(0, 16)}.lock`);
}

function unknownPreset(name: string, names: readonly string[]): RigError {
  return new RigError('RIG-SPEC-003', `there is no preset "${name}"${nearest(name, names)}`, {
    hint: `write one of: ${[...names, 'none'].join(', ')}`,
    exitCode: EXIT.usage,
    details: { preset: name, known: names },
  });
}
