import { createHash } from 'node:crypto';
import { RigError } from '../kernel/index.ts';
import { layersPool, layerStream, openLayer } from '../layers/index.ts';
import type { Image, ImageLayer } from './buildImage.ts';

/**
 * The bytes of a layer blob, or a range of them. Whole blobs are checked against their digest while they are read: the last chunk
 * comes only if all is right. A chunk is valid until the next is asked for. Throws RIG-IMAGE-001, RIG-LAYERS-012.
 */
export async function* layerBlob(
  image: Image,
  layer: ImageLayer,
  range?: { start: number; end: number },
): AsyncGenerator<Buffer> {
  const pool = layersPool();
  let recipe;
  try {
    recipe = await openLayer(layer.plan, { ...image.context, pool });
  } finally {
    await pool.close();
  }
  if (range) {
    yield* layerStream(recipe, range);
    return;
  }
  const hash = createHash('sha256');
  let left = layer.size;
  for await (const chunk of layerStream(recipe)) {
    hash.update(chunk);
    left -= chunk.length;
    if (left <= 0 && (left < 0 || `sha256:${hash.digest('hex')}` !== layer.digest)) break;
    yield chunk;
    if (left === 0) return;
  }
  throw new RigError('RIG-IMAGE-001', `the layer "${layer.title}" does not come out as ${layer.digest}`, {
    why: 'a file in the store was changed after the image was built',
    hint: 'rig build --no-cache',
    details: { layer: layer.title, digest: layer.digest },
  });
}
