import { chmodSync, lchownSync, utimesSync } from 'node:fs';
import { canonicalJson, sha256Hex, silent, type HomeLayout, type Progress } from '../kernel/index.ts';
import { diskTrouble } from './diskTrouble.ts';
import { ensureTrees } from './ensureTrees.ts';
import { LAYER_FORMAT } from './format.ts';
import { layersPool } from './layersPool.ts';
import type { LayersJob } from './layers.worker.ts';
import type { LinkJob } from './linkTrees.ts';
import { mergePieces, type Conflict, type MergedEntry } from './mergePieces.ts';
import type { PieceSource } from './pieceSource.ts';
import { makeFolder } from './settleTree.ts';
import { hasTree, newTree, treePath } from './treeStore.ts';
import { OWNS_AS_ROOT } from './unpackEntries.ts';
import type { WorkerPool } from './workerPool.ts';
import { join } from 'node:path';

export interface MergedRootOptions {
  home: HomeLayout;
  /** In the order of the image's layers (`piecesInOrder(planLayers(...))`): later ones win. Wheels and .debs have their trees. */
  pieces: readonly PieceSource[];
  pool?: WorkerPool;
  progress?: Progress;
}

export interface MergedRoot {
  key: string;
  /** `<home.roots>/<key>`: read-only for everybody, since its files are those of the store. */
  path: string;
  /** Paths that several pieces fill differently; empty when the root was there already. */
  conflicts: Conflict[];
  /** False when it was there already. */
  made: boolean;
}

/** Links of one job. */
const BATCH = 2500;

/** Key of a merged root: function of the pieces' keys, in order. */
export function rootKey(pieces: readonly { key: string }[]): string {
  return sha256Hex(
    canonicalJson({ kind: 'root', format: LAYER_FORMAT, pieces: pieces.map(({ key }) => key) }),
  );
}

/**
 * The root file system of an image as one folder: all trees hard-linked together, made once. Same rule for duplicates as in the
 * image's layers. Costs names, not bytes. Throws RIG-LAYERS-010, -012 (a tree is missing).
 */
export async function mergedRoot(options: MergedRootOptions): Promise<MergedRoot> {
  const { home, pieces } = options;
  const key = rootKey(pieces);
  const path = join(home.roots, key);
  if (await hasTree(home, key, 'roots')) return { key, path, conflicts: [], made: false };
  const pool = options.pool ?? layersPool();
  try {
    const loaded = await Promise.all(pieces.map((source) => source.load()));
    await ensureTrees(loaded, home, pool);
    const { entries, conflicts } = mergePieces(loaded);
    const root = await newTree(home, key, 'roots');
    try {
      await fillRoot(root.path, entries, { home, pool, progress: options.progress ?? silent });
      await root.commit();
    } catch (error) {
      await root.discard();
      throw error;
    }
    return { key, path, conflicts, made: true };
  } catch (error) {
    throw diskTrouble(error, home.root);
  } finally {
    if (!options.pool) await pool.close();
  }
}

async function fillRoot(
  root: string,
  entries: readonly MergedEntry[],
  { home, pool, progress }: { home: HomeLayout; pool: WorkerPool; progress: Progress },
): Promise<void> {
  const folders = entries.filter(({ entry }) => entry.type === 'dir').map(({ entry }) => entry);
  for (const folder of folders) makeFolder(`${root}/${folder.path}`, 0o755);
  const count = entries.length - folders.length;
  progress({ kind: 'task', task: 'root', label: 'root file system', unit: 'files', total: count });
  const links = linkJobs(root, entries, (key) => treePath(home, key)).map(
    async (job: LayersJob & LinkJob) => {
      await pool.run(job);
      progress({
        kind: 'advance',
        task: 'root',
        by: job.groups.reduce((sum, { paths }) => sum + paths.length, 0),
      });
    },
  );
  const results = await Promise.allSettled(links);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  for (const { path, mode, uid, gid, mtime } of folders.toReversed()) {
    const at = `${root}/${path}`;
    if (OWNS_AS_ROOT && uid + gid + (process.getgid?.() ?? 0) > 0) lchownSync(at, uid, gid);
    if (mode !== (0o755 & ~process.umask())) chmodSync(at, mode);
    utimesSync(at, mtime, mtime);
  }
  progress({ kind: 'done', task: 'root' });
}

function linkJobs(root: string, entries: readonly MergedEntry[], treeOf: (key: string) => string): LinkJob[] {
  const jobs: LinkJob[] = [];
  let groups = new Map<string, string[]>();
  let count = 0;
  const send = (): void => {
    if (count > 0)
      jobs.push({ kind: 'link', root, groups: [...groups].map(([tree, paths]) => ({ tree, paths })) });
    groups = new Map();
    count = 0;
  };
  for (const { entry, piece } of entries) {
    if (entry.type === 'dir') continue;
    const paths = groups.get(piece.key) ?? [];
    paths.push(entry.path);
    groups.set(piece.key, paths);
    count += 1;
    if (count === BATCH) send();
  }
  send();
  for (const job of jobs) for (const group of job.groups) group.tree = treeOf(group.tree);
  return jobs;
}
