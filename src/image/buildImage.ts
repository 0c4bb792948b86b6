import {
  canonicalJson,
  digestOf,
  silent,
  type Digest,
  type HomeLayout,
  type Progress,
} from '../kernel/index.ts';
import {
  layerFacts,
  layersPool,
  planLayers,
  type LayerContext,
  type LayerFacts,
  type PieceSource,
  type PlannedLayer,
  type WorkerPool,
} from '../layers/index.ts';
import { configJson, type ImageConfig } from './imageConfig.ts';
import { MEDIA, type Manifest } from './mediaTypes.ts';

export interface BuildOptions {
  pieces: readonly PieceSource[];
  config: ImageConfig;
  /** Seconds since 1970, from the lock. */
  epoch: number;
  home: HomeLayout;
  /** Path of a file in the store. */
  storedPath: (sha256: string) => string;
  /** Facts of layers known beforehand, by layer key (`Image.known` of an earlier build). */
  known?: Readonly<Record<string, LayerFacts>>;
  /** False: hash every layer anew. */
  useCache?: boolean;
  pool?: WorkerPool;
  progress?: Progress;
}

export interface ImageLayer extends LayerFacts {
  title: string;
  plan: PlannedLayer;
}

/** An image by its digests; its layers exist as recipes until somebody reads them. */
export interface Image {
  /** Digest of the manifest: "the image digest", what registries and `FROM x@sha256:...` use. */
  digest: Digest;
  configDigest: Digest;
  manifest: Buffer;
  config: Buffer;
  layers: ImageLayer[];
  /** Bytes of manifest, config and all layer blobs. */
  size: number;
  platform: ImageConfig['platform'];
  /** With `home` and `storedPath`: what `openLayer` needs. */
  context: Omit<LayerContext, 'pool'>;
}

/** `rig build --json`, without timings. */
export interface ImageSummary {
  digest: Digest;
  configDigest: Digest;
  layers: { digest: Digest; diffId: Digest; size: number; title: string }[];
  size: number;
}

const weight = ({ pieces }: PlannedLayer): number => pieces.reduce((sum, piece) => sum + piece.weight, 0);

/**
 * Pieces -> image. Computes digests only, from wheels and trees as they lie in the store; nothing but small cache files is written.
 * A pure function of pieces, config and epoch. Throws RIG-LAYERS-* for what is wrong with a piece.
 */
export async function buildImage(options: BuildOptions): Promise<Image> {
  const { progress = silent, home, storedPath, config } = options;
  const plan = planLayers(options.pieces);
  const base = { home, storedPath, known: options.known ?? {}, useCache: options.useCache ?? true };
  const pool = options.pool ?? layersPool();
  progress({ kind: 'task', task: 'image', label: 'image', unit: 'steps', total: plan.length });
  try {
    const layers: ImageLayer[] = [];
    const queue = [...plan.entries()].sort(([, a], [, b]) => weight(b) - weight(a));
    // As many layers at once as there are threads: the listing of a large one takes megabytes.
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [index, planned] = next;
        const facts = await layerFacts(planned, { ...base, pool });
        layers[index] = { ...facts, title: planned.title, plan: planned };
        progress({ kind: 'advance', task: 'image', by: 1 });
      }
    };
    await Promise.all(Array.from({ length: pool.size }, work));
    progress({ kind: 'done', task: 'image' });
    return describe(layers, { config, epoch: options.epoch, context: base });
  } finally {
    if (!options.pool) await pool.close();
  }
}

function describe(
  layers: ImageLayer[],
  { config, epoch, context }: { config: ImageConfig; epoch: number; context: Image['context'] },
): Image {
  const configBytes = Buffer.from(configJson(config, layers, epoch));
  const configDigest = digestOf(configBytes);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: { mediaType: MEDIA.config, digest: configDigest, size: configBytes.length },
    layers: layers.map(({ digest, size }) => ({ mediaType: MEDIA.layer, digest, size })),
  };
  const manifestBytes = Buffer.from(canonicalJson(manifest));
  const blobs = new Map(layers.map(({ digest, size }) => [digest, size]));
  let size = manifestBytes.length + configBytes.length;
  for (const bytes of blobs.values()) size += bytes;
  return {
    digest: digestOf(manifestBytes),
    configDigest,
    manifest: manifestBytes,
    config: configBytes,
    layers,
    size,
    platform: config.platform,
    context,
  };
}

/** The plain facts of an image, for `--json`. */
export function imageSummary(image: Image): ImageSummary {
  const { digest, configDigest, size } = image;
  const layers = image.layers.map(({ digest, diffId, size, title }) => ({ digest, diffId, size, title }));
  return { digest, configDigest, layers, size };
}

/** Facts by layer key: given to a later `buildImage` as `known`, they spare all hashing. */
export function knownLayers(image: Image): Record<string, LayerFacts> {
  return Object.fromEntries(
    image.layers.map(({ plan, digest, diffId, size, tarSize }) => [
      plan.key,
      { digest, diffId, size, tarSize },
    ]),
  );
}
