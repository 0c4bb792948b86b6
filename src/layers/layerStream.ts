import { open, type FileHandle } from 'node:fs/promises';
import { messageOf, RigError } from '../kernel/index.ts';
import type { LayerRecipe } from './layerRecipe.ts';
import { layerSegments } from './layerSegments.ts';

const CHUNK = 1 << 20;

/**
 * The bytes of a layer blob, from `start` to before `end` (default: all), made from the stored files as they are read; about 1 MiB
 * of memory. A chunk is valid until the next is asked for. Throws RIG-LAYERS-012 when a file is missing or too short.
 */
export async function* layerStream(
  recipe: LayerRecipe,
  range: { start?: number; end?: number } = {},
): AsyncGenerator<Buffer> {
  const { start = 0, end = Number.POSITIVE_INFINITY } = range;
  const handles = new Map<number, FileHandle>();
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  let filled = 0;
  let position = 0;
  try {
    for (const segment of layerSegments(recipe)) {
      const length = 'bytes' in segment ? segment.bytes.length : segment.length;
      const from = Math.max(0, start - position);
      const to = Math.min(length, end - position);
      position += length;
      for (let at = from; at < to;) {
        const count = Math.min(CHUNK - filled, to - at);
        if ('bytes' in segment) buffer.set(segment.bytes.subarray(at, at + count), filled);
        else {
          const handle = handles.get(segment.file) ?? (await openFile(recipe, segment.file));
          handles.set(segment.file, handle);
          await readExactly(handle, buffer.subarray(filled, filled + count), {
            offset: segment.offset + at,
            path: recipe.files[segment.file] ?? '',
          });
        }
        filled += count;
        at += count;
        if (filled === CHUNK) {
          yield buffer;
          filled = 0;
        }
      }
      if (position >= end) break;
    }
    if (filled > 0) yield buffer.subarray(0, filled);
  } finally {
    for (const handle of handles.values()) await handle.close();
  }
}

async function openFile(recipe: LayerRecipe, file: number): Promise<FileHandle> {
  const path = recipe.files[file] ?? '';
  try {
    return await open(path, 'r');
  } catch (error) {
    throw missing(path, messageOf(error));
  }
}

async function readExactly(
  handle: FileHandle,
  into: Buffer,
  at: { offset: number; path: string },
): Promise<void> {
  for (let got = 0; got < into.length;) {
    const { bytesRead } = await handle.read(into, got, into.length - got, at.offset + got);
    if (bytesRead === 0) throw missing(at.path, 'it is shorter than it was');
    got += bytesRead;
  }
}

/** RIG-LAYERS-012. */
export function missing(path: string, why: string): RigError {
  return new RigError('RIG-LAYERS-012', `cannot read ${path}, which a layer is made of`, {
    why,
    hint: 'run the command again: it fetches what is missing',
    details: { path },
  });
}
