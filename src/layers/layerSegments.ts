import { GZIP_HEADER, STORED_MAX, gzipTrailer, storedBlock, storedMember } from './gzipMember.ts';
import type { LayerRecipe, Range } from './layerRecipe.ts';

/** A stretch of a layer blob: bytes of our own, or a range of one of the recipe's files. */
export type Segment = { bytes: Uint8Array } | { file: number; offset: number; length: number };

/**
 * The compressed layer as a list of stretches. Every content is a gzip member of its own (RFC 1952 allows any number): a wheel's
 * deflate stream with a gzip header before and checksum and size behind it; headers and padding between contents are stored members.
 */
export function* layerSegments(recipe: LayerRecipe): Generator<Segment> {
  let at = 0;
  let literal: Uint8Array[] = [];
  const flush = (): Segment => {
    const bytes = Buffer.concat(literal);
    literal = [];
    return { bytes };
  };
  for (const item of recipe.items) {
    literal.push(storedMember(recipe.heads.subarray(at, at + item.head)));
    at += item.head;
    if (!item.content) continue;
    if ('bytes' in item.content) {
      literal.push(storedMember(item.content.bytes));
      continue;
    }
    literal.push(GZIP_HEADER);
    for (const part of rangeParts(item.content))
      if ('bytes' in part) literal.push(part.bytes);
      else {
        yield flush();
        yield part;
      }
    literal.push(gzipTrailer(item.crc32, item.size));
  }
  yield flush();
}

function* rangeParts({ file, offset, length, method }: Range): Generator<Segment> {
  if (method === 'deflate') {
    yield { file, offset, length };
    return;
  }
  for (let at = 0; at < length; at += STORED_MAX) {
    const size = Math.min(STORED_MAX, length - at);
    yield { bytes: storedBlock(size, at + size === length) };
    yield { file, offset: offset + at, length: size };
  }
}

/** Bytes of the blob. */
export function layerSize(recipe: LayerRecipe): number {
  let size = 0;
  for (const segment of layerSegments(recipe))
    size += 'bytes' in segment ? segment.bytes.length : segment.length;
  return size;
}
