import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerFacts } from '../../layers/index.ts';
import { packageFolder, presetNames } from '../../spec/index.ts';

/** Beside a preset's lock: what its layers are, by layer key. A layer is a function of its key, so any lock may use it. */
export const LAYERS_FILE = 'layers.json';

/** Facts of all presets' layers: they spare compressing and hashing what was compressed and hashed when the preset was made. */
export async function knownLayerFacts(): Promise<Record<string, LayerFacts>> {
  const known: Record<string, LayerFacts> = {};
  for (const name of await presetNames()) {
    const path = join(packageFolder(), 'presets', name, LAYERS_FILE);
    const text = await readFile(path, 'utf8').catch(() => '{}');
    Object.assign(known, JSON.parse(text));
  }
  return known;
}
