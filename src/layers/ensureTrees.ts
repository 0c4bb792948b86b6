import { RigError, type HomeLayout } from '../kernel/index.ts';
import type { LayersJob } from './layers.worker.ts';
import type { Piece } from './piece.ts';
import { hasTree, newTree } from './treeStore.ts';
import type { WorkerPool } from './workerPool.ts';

/**
 * Makes the trees of generated pieces, whose content is in memory. Trees of wheels and .debs must be there: RIG-LAYERS-012 names the
 * first that is not.
 */
export async function ensureTrees(
  pieces: readonly Piece[],
  home: HomeLayout,
  pool: WorkerPool,
): Promise<void> {
  for (const piece of pieces) {
    if (await hasTree(home, piece.key)) continue;
    if (piece.entries.some(({ content }) => content !== undefined && content.from !== 'inline'))
      throw new RigError('RIG-LAYERS-012', `${piece.title} is not unpacked`, {
        hint: 'run the command again',
      });
    const tree = await newTree(home, piece.key);
    try {
      const job: LayersJob = { kind: 'settle', root: tree.path, piece };
      await pool.run(job);
      await tree.commit();
    } catch (error) {
      await tree.discard();
      throw error;
    }
  }
}
