import { buildImage } from '../../image/index.ts';
import type { Image } from '../../image/index.ts';
import { prepareHome } from '../../kernel/index.ts';
import type { HomeLayout } from '../../kernel/index.ts';
import { layersPool, mergedRoot, piecesInOrder, planLayers, sweepScratch } from '../../layers/index.ts';
import type { WorkerPool } from '../../layers/index.ts';
import type { Lock } from '../../lock/index.ts';
import type { Call } from '../outcome.ts';
import { layoutOf } from './environment.ts';
import { knownLayerFacts } from './knownLayers.ts';
import { obtainPieces } from './pieces.ts';
import type { ObtainedPieces } from './pieces.ts';
import { remember } from './preparedRecord.ts';
import { engineConfig, imageConfig } from './preparedRoot.ts';
import type { PreparedRoot } from './preparedRoot.ts';

type PrepareCall = Pick<Call, 'env' | 'signal' | 'progress' | 'say'>;

/**
 * Lock -> merged root file system, making only what is missing; `recalledRoot` says whether that is anything at all. The digest is
 * the one the lock records, or computed once and remembered. Throws whatever fetching, unpacking or linking throws; the next call goes on where this one stopped.
 */
export async function prepareRoot(call: PrepareCall, lock: Lock): Promise<PreparedRoot> {
  const home = layoutOf(call);
  await sweepScratch(home);
  const began = performance.now();
  const obtained = await withThreads((pool) => obtainPieces({ call, home, lock, pool }, { trees: true }));
  const pieces = piecesInOrder(planLayers(obtained.pieces));
  const root = await mergedRoot({ home, pieces, progress: call.progress });
  for (const { path, winner, loser } of root.conflicts.slice(0, 3)) {
    call.progress({ kind: 'note', level: 'info', text: `${path}: of ${winner}, not of ${loser}` });
  }
  const digest = lock.image ?? (await imageOf(call, lock, { home, obtained })).digest;
  await remember(home, lock, { digest, lower: root.path, trees: pieces.map(({ key }) => key) });
  return {
    digest,
    lower: root.path,
    config: engineConfig(lock),
    bytesFetched: obtained.bytesFetched,
    fetchMs: obtained.fetchMs,
    // What unpacking took beyond fetching, and the root.
    imageMs: Math.round(performance.now() - began) - obtained.fetchMs,
    made: true,
  };
}

/** Threads keep the memory that they grew to, so those that unpacked end before every listing is in memory. */
async function withThreads<T>(work: (pool: WorkerPool) => Promise<T>): Promise<T> {
  const pool = layersPool();
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}

/**
 * Lock -> OCI image, as recipes: nothing of it is written but small cache files.
 * `fresh`: count on nothing remembered or shipped; every layer is compressed and hashed anew.
 */
export async function prepareImage(
  call: PrepareCall,
  lock: Lock,
  options: { fresh?: boolean } = {},
): Promise<{ image: Image; bytesFetched: number; fetchMs: number; imageMs: number }> {
  const home = layoutOf(call);
  await prepareHome(home.root);
  await sweepScratch(home);
  const knownSets = options.fresh === true ? {} : (await knownLayerFacts()).debianSets;
  const obtained = await withThreads((pool) =>
    obtainPieces({ call, home, lock, pool }, { trees: false, knownSets }),
  );
  const started = performance.now();
  const image = await imageOf(call, lock, { home, obtained, ...options });
  const { bytesFetched, fetchMs } = obtained;
  return { image, bytesFetched, fetchMs, imageMs: Math.round(performance.now() - started) };
}

interface ImageInputs {
  home: HomeLayout;
  obtained: ObtainedPieces;
  fresh?: boolean;
}

async function imageOf(
  call: PrepareCall,
  lock: Lock,
  { home, obtained, fresh = false }: ImageInputs,
): Promise<Image> {
  const { pieces, storedPath } = obtained;
  return buildImage({
    pieces,
    config: imageConfig(lock),
    epoch: lock.epoch,
    home,
    storedPath,
    progress: call.progress,
    ...(fresh ? { useCache: false } : { known: (await knownLayerFacts()).layers }),
  });
}
