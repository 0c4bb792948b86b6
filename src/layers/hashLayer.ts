import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { errnoOf, messageOf, type Digest } from '../kernel/index.ts';
import { handleReader, type ByteReader } from './byteReader.ts';
import { createInflater, InflateFault, type Inflater } from './inflater.ts';
import type { LayerItem, LayerRecipe, Range } from './layerRecipe.ts';
import { layerSegments } from './layerSegments.ts';
import { missing } from './layerStream.ts';

/** One of the two hashes of a layer: of the compressed blob (digest) or of the tar inside (diffID). */
export interface HashJob {
  kind: 'hash';
  what: 'blob' | 'tar';
  recipe: LayerRecipe;
}

export interface HashResult {
  digest: Digest;
  size: number;
}

const CHUNK = 1 << 20;
const AHEAD = 64 * 1024;
const WINDOW = Buffer.allocUnsafeSlow(CHUNK);
let inflater: Inflater | undefined;

/** Throws RIG-LAYERS-012 when a stored file is missing, short or no longer what it was. */
export function hashLayer({ what, recipe }: HashJob): HashResult {
  const files = new OpenFiles(recipe.files);
  const hash = createHash('sha256');
  try {
    const size = what === 'blob' ? hashBlob(recipe, files, hash) : hashTar(recipe, files, hash);
    return { digest: `sha256:${hash.digest('hex')}`, size };
  } finally {
    files.close();
  }
}

function hashBlob(recipe: LayerRecipe, files: OpenFiles, hash: Hash): number {
  let size = 0;
  for (const segment of layerSegments(recipe)) {
    if ('bytes' in segment) hash.update(segment.bytes);
    else files.each(segment, (chunk) => hash.update(chunk));
    size += 'bytes' in segment ? segment.bytes.length : segment.length;
  }
  return size;
}

function hashTar(recipe: LayerRecipe, files: OpenFiles, hash: Hash): number {
  let at = 0;
  let size = 0;
  for (const item of recipe.items) {
    hash.update(recipe.heads.subarray(at, at + item.head));
    at += item.head;
    size += item.head + item.size;
    if (!item.content) continue;
    if ('bytes' in item.content) hash.update(item.content.bytes);
    else if (hashFromTree(item, hash)) files.forget();
    else hashFromRange(item, item.content, { files, hash });
  }
  return size;
}

/** Takes the content from the unpacked tree, unless it is not there or was touched since it was unpacked. */
function hashFromTree({ tree, size }: LayerItem, hash: Hash): boolean {
  if (!tree) return false;
  let fd: number;
  try {
    fd = openSync(tree.path, 'r');
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
  try {
    const facts = fstatSync(fd);
    if (facts.size !== size || Math.round(facts.mtimeMs / 1000) !== tree.mtime) return false;
    const reader = handleReader(fd, WINDOW, AHEAD);
    for (let at = 0; at < size; at += CHUNK) {
      const chunk = reader.read(at, Math.min(CHUNK, size - at));
      if (chunk.length < Math.min(CHUNK, size - at))
        throw missing(tree.path, 'it became shorter while it was read');
      hash.update(chunk);
    }
    return true;
  } finally {
    closeSync(fd);
  }
}

function hashFromRange(
  item: LayerItem,
  range: Range,
  { files, hash }: { files: OpenFiles; hash: Hash },
): void {
  let sum = 0;
  const sink = (chunk: Buffer): void => {
    sum = crc32(chunk, sum);
    hash.update(chunk);
  };
  try {
    if (range.method === 'stored') files.each(range, sink);
    else {
      inflater ??= createInflater();
      const { offset, length } = range;
      inflater.inflate({ reader: files.reader(range.file), offset, length, size: item.size }, sink);
    }
    if (sum !== item.crc32) throw new InflateFault('its checksum is wrong');
  } catch (error) {
    throw error instanceof InflateFault ? missing(files.path(range.file), messageOf(error)) : error;
  }
}

/** Files of a recipe, opened when first needed. */
class OpenFiles {
  readonly #paths: readonly string[];
  readonly #open = new Map<number, number>();
  #current: { file: number; reader: ByteReader } | undefined;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  path(file: number): string {
    return this.#paths[file] ?? '';
  }

  /** Valid until another file is read: the window is shared. */
  reader(file: number): ByteReader {
    if (this.#current?.file === file) return this.#current.reader;
    const fd = this.#open.get(file) ?? this.#openFile(file);
    const reader = handleReader(fd, WINDOW, AHEAD);
    this.#current = { file, reader };
    return reader;
  }

  /** The window is about to be used for something else. */
  forget(): void {
    this.#current = undefined;
  }

  #openFile(file: number): number {
    try {
      const fd = openSync(this.path(file), 'r');
      this.#open.set(file, fd);
      return fd;
    } catch (error) {
      throw missing(this.path(file), messageOf(error));
    }
  }

  each(
    { file, offset, length }: { file: number; offset: number; length: number },
    sink: (chunk: Buffer) => void,
  ): void {
    const reader = this.reader(file);
    for (let at = 0; at < length; at += CHUNK) {
      const wanted = Math.min(CHUNK, length - at);
      const chunk = reader.read(offset + at, wanted);
      if (chunk.length < wanted) throw missing(this.path(file), 'it is shorter than it was');
      sink(chunk);
    }
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
