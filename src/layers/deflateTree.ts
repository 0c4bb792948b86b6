import { closeSync, openSync, fdatasyncSync, writeSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Deflate } from 'pako';
import { writeFileAtomic, type HomeLayout } from '../kernel/index.ts';
import { fileReader } from './byteReader.ts';
import { LAYER_FORMAT } from './format.ts';
import type { LayersJob } from './layers.worker.ts';
import { missing } from './layerStream.ts';
import type { Piece } from './piece.ts';
import { scratchFolder, treePath } from './treeStore.ts';
import type { WorkerPool } from './workerPool.ts';

/** Where the compressed contents of a tree are. */
export interface DeflatedTree {
  /** One file with all streams. */
  path: string;
  /** By image path. */
  ranges: Map<string, DeflatedRange>;
}

export interface DeflatedRange {
  offset: number;
  length: number;
  method: 'deflate' | 'stored';
  crc32: number;
}

/** Files of an unpacked tree to be compressed into one new file. */
export interface DeflateJob {
  kind: 'deflate';
  root: string;
  files: { path: string; size: number }[];
  into: string;
}

/**
 * Part of LAYER_FORMAT, as is pako's version: it is plain JavaScript, so these bytes do not depend on machine, Node version or zlib.
 * Measured on 116 MB of Debian's programs and libraries: level 1 gives 2.82 : 1, level 6 3.10 : 1 in 1.7 times the time.
 */
const LEVEL = 1;
const CHUNK = 1 << 20;

/**
 * The compressed contents of a piece's tree, made once and kept in `home.cache`. The tree must exist.
 * Throws RIG-LAYERS-012 when a file of the tree is missing or has another size.
 */
export async function deflatedTree(piece: Piece, home: HomeLayout, pool: WorkerPool): Promise<DeflatedTree> {
  const folder = join(home.cache, 'deflated');
  const path = join(folder, `${piece.key}.${LAYER_FORMAT}.bin`);
  const index = join(folder, `${piece.key}.${LAYER_FORMAT}.json`);
  const known = await readIndex(index, path);
  if (known) return known;
  const files = piece.entries
    .filter(({ type, size, content }) => type === 'file' && size > 0 && content?.from === 'tree')
    .map((entry) => ({ path: entry.path, size: entry.size }));
  const scratch = await scratchFolder(home, 'deflate');
  try {
    const into = join(scratch, 'bin');
    const job: LayersJob = { kind: 'deflate', root: treePath(home, piece.key), files, into };
    const weight = files.reduce((sum, { size }) => sum + size, 0);
    const ranges = await pool.run<[string, DeflatedRange][]>(job, { weight });
    await mkdir(folder, { recursive: true });
    await rename(into, path);
    await writeFileAtomic(index, JSON.stringify(ranges));
    return { path, ranges: new Map(ranges) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function readIndex(index: string, path: string): Promise<DeflatedTree | undefined> {
  try {
    const ranges = JSON.parse(await readFile(index, 'utf8')) as [string, DeflatedRange][];
    const last = ranges.at(-1)?.[1];
    const { size } = await stat(path);
    return size === (last ? last.offset + last.length : 0) ? { path, ranges: new Map(ranges) } : undefined;
  } catch {
    return undefined;
  }
}

/** In a worker: compresses file after file; what does not become smaller is kept plain. */
export function deflateFiles(job: DeflateJob): [string, DeflatedRange][] {
  const fd = openSync(job.into, 'wx');
  const ranges: [string, DeflatedRange][] = [];
  let offset = 0;
  const write = (bytes: Uint8Array): number => {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, offset + at);
    return bytes.length;
  };
  try {
    for (const { path, size } of job.files) {
      const from = `${job.root}/${path}`;
      const { chunks, sum } = deflateFile(from, size);
      const length = chunks.reduce((total, chunk) => total + chunk.length, 0);
      const method = length < size ? 'deflate' : 'stored';
      ranges.push([path, { offset, length: Math.min(length, size), method, crc32: sum }]);
      if (method === 'deflate') for (const chunk of chunks) offset += write(chunk);
      else eachChunk(from, size, (chunk) => (offset += write(chunk)));
    }
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return ranges;
}

// Input in pieces of one fixed size: the stream is then a function of the content alone.
function deflateFile(path: string, size: number): { chunks: Uint8Array[]; sum: number } {
  const deflate = new Deflate({ raw: true, level: LEVEL, memLevel: 8, windowBits: 15, chunkSize: 65_536 });
  const chunks: Uint8Array[] = [];
  deflate.onData = (chunk: Uint8Array | string) => chunks.push(Buffer.from(chunk));
  let sum = 0;
  let done = 0;
  eachChunk(path, size, (chunk) => {
    sum = crc32(chunk, sum);
    done += chunk.length;
    deflate.push(chunk, done === size);
  });
  return { chunks, sum };
}

function eachChunk(path: string, size: number, sink: (chunk: Buffer) => void): void {
  const reader = fileReader(path);
  try {
    if (reader.size !== size) throw missing(path, `it has ${reader.size} bytes instead of ${size}`);
    for (let at = 0; at < size; at += CHUNK) sink(reader.read(at, Math.min(CHUNK, size - at)));
  } finally {
    reader.close();
  }
}
