import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, isDigest, writeFileAtomic, type Digest, type HomeLayout } from '../kernel/index.ts';
import { deflatedTree, type DeflatedTree } from './deflateTree.ts';
import type { HashResult } from './hashLayer.ts';
import { layerRecipe, type LayerRecipe } from './layerRecipe.ts';
import type { LayersJob } from './layers.worker.ts';
import type { PlannedLayer } from './planLayers.ts';
import { hasTree, treePath } from './treeStore.ts';
import type { WorkerPool } from './workerPool.ts';

/** What a manifest and a config need to know of a layer. A pure function of the layer's key. */
export interface LayerFacts {
  /** Of the compressed blob. */
  digest: Digest;
  /** Of the tar inside. */
  diffId: Digest;
  /** Bytes of the blob. */
  size: number;
  /** Bytes of the tar. */
  tarSize: number;
}

export interface LayerContext {
  home: HomeLayout;
  pool: WorkerPool;
  /** Path of a stored file. */
  storedPath: (sha256: string) => string;
  /** Facts known beforehand, by layer key (shipped with a preset): spare all hashing. */
  known?: Readonly<Record<string, LayerFacts>>;
  /** False: count on nothing remembered or shipped. */
  useCache?: boolean;
}

/** Digest, diffID and size of a layer: remembered, or made by hashing what it will consist of. No blob is written. */
export async function layerFacts(layer: PlannedLayer, context: LayerContext): Promise<LayerFacts> {
  const path = join(context.home.cache, 'layers', `${layer.key}.json`);
  const useCache = context.useCache ?? true;
  const remembered = useCache ? (context.known?.[layer.key] ?? (await readFacts(path))) : undefined;
  if (remembered) return remembered;
  const recipe = await openLayer(layer, context);
  const hash = (what: 'blob' | 'tar'): Promise<HashResult> => {
    const job: LayersJob = { kind: 'hash', what, recipe };
    return context.pool.run(job, { weight: layer.pieces.reduce((sum, { weight }) => sum + weight, 0) });
  };
  const [tar, blob] = await Promise.all([hash('tar'), hash('blob')]);
  const facts = { digest: blob.digest, diffId: tar.digest, size: blob.size, tarSize: tar.size };
  await writeFileAtomic(path, canonicalJson(facts));
  return facts;
}

async function readFacts(path: string): Promise<LayerFacts | undefined> {
  try {
    const facts = JSON.parse(await readFile(path, 'utf8')) as LayerFacts;
    return isDigest(facts.digest) && isDigest(facts.diffId) && facts.size > 0 ? facts : undefined;
  } catch {
    return undefined;
  }
}

/** The recipe of a layer's bytes, for `layerStream`. Reads the listings of its pieces, and compresses trees that need it. */
export async function openLayer(layer: PlannedLayer, context: LayerContext): Promise<LayerRecipe> {
  const { home, pool, storedPath } = context;
  const pieces = await Promise.all(layer.pieces.map((source) => source.load()));
  const deflated = new Map<string, DeflatedTree>();
  const trees = new Map<string, string>();
  for (const piece of pieces)
    if (await hasTree(home, piece.key)) trees.set(piece.key, treePath(home, piece.key));
  const compress = pieces
    .filter(({ entries }) => entries.some(({ content, size }) => content?.from === 'tree' && size > 0))
    .map(async (piece) => deflated.set(piece.key, await deflatedTree(piece, home, pool)));
  await Promise.all(compress);
  return layerRecipe(pieces, { storedPath, deflated, tree: (key) => trees.get(key) });
}
