/**
 * Makes presets/NAME/torchrig.lock and layers.json anew, by `rig lock`'s own code and a build that counts on nothing remembered.
 * Usage: npx tsx scripts/lockPresets.ts [--keep] [NAME ...]; --keep: only the image of the lock that is there.
 */
import { join } from 'node:path';
import { knownLayers } from '../src/image/index.ts';
import type { Image } from '../src/image/index.ts';
import { writeFileAtomic } from '../src/kernel/index.ts';
import { DEBIAN_BASE, debianSetKey } from '../src/layers/index.ts';
import { readLock, writeLock } from '../src/lock/index.ts';
import type { Lock } from '../src/lock/index.ts';
import { loadPresetSpec, packageFolder, presetNames } from '../src/spec/index.ts';
import { LAYERS_FILE } from '../src/cli/flows/knownLayers.ts';
import { resolveLock } from '../src/cli/flows/locking.ts';
import { prepareImage } from '../src/cli/flows/prepare.ts';

const words = process.argv.slice(2);
const keep = words.includes('--keep');
const names = words.filter((word) => !word.startsWith('--'));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const call = { env: process.env, signal: new AbortController().signal, progress: () => {}, say };

for (const name of names.length > 0 ? names : await presetNames()) {
  const loaded = await loadPresetSpec(name);
  const kept = keep ? await readLock(loaded.lockPath) : undefined;
  const lock = kept ?? (await resolveLock(call, loaded, { upgrade: words.includes('--upgrade') })).lock;
  const { image } = await prepareImage(call, { ...lock, image: null }, { fresh: true });
  await writeLock(loaded.lockPath, { ...lock, image: image.digest });
  await writeFileAtomic(join(packageFolder(), 'presets', name, LAYERS_FILE), layersText(image, lock));
  say(`${name}: ${image.digest}, ${image.layers.length} layers`);
}

/** A line for each layer and each package, so that a diff shows which changed. */
function layersText(image: Image, lock: Lock): string {
  const layers = Object.entries(knownLayers(image))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, facts]) => `    ${JSON.stringify(key)}: ${JSON.stringify(facts)}`);
  const heads = image.layers
    .flatMap(({ plan }) => plan.pieces)
    .filter((piece) => piece.kind === 'deb' || piece.name === DEBIAN_BASE)
    .map(({ key, kind, name, title, weight }) => JSON.stringify({ key, kind, name, title, weight }));
  const set = debianSetKey({ debs: lock.debian, epoch: lock.epoch });
  return `{
  "layers": {
${layers.join(',\n')}
  },
  "debianSets": {
    "${set}": [
      ${heads.join(',\n      ')}
    ]
  }
}
`;
}
