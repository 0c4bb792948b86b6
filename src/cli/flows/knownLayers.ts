import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianHead, LayerFacts } from '../../layers/index.ts';
import { packageFolder, presetNames } from '../../spec/index.ts';

/** Beside a preset's lock: what its layers are. */
export const LAYERS_FILE = 'layers.json';

/**
 * What was found out when the presets were made. It spares unpacking Debian packages for their keys, and compressing and hashing
 * layers. All of it is a function of its key, so any lock may use it.
 */
export interface KnownLayers {
  /** By layer key. */
  layers: Record<string, LayerFacts>;
  /** By `debianSetKey`. */
  debianSets: Record<string, DebianHead[]>;
}

/** Facts of all presets' layers. */
export async function knownLayerFacts(): Promise<KnownLayers> {
  const known: KnownLayers = { layers: {}, debianSets: {} };
  for (const name of await presetNames()) {
    const path = join(packageFolder(), 'presets', name, LAYERS_FILE);
    const text = await readFile(path, 'utf8').catch(() => '{}');
    const { layers, debianSets } = JSON.parse(text) as Partial<KnownLayers>;
    Object.assign(known.layers, layers);
    Object.assign(known.debianSets, debianSets);
  }
  return known;
}
