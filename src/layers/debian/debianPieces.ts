import { silent, type HomeLayout, type Progress } from '../../kernel/index.ts';
import type { Piece } from '../piece.ts';
import { layersPool } from '../layersPool.ts';
import type { WorkerPool } from '../workerPool.ts';
import { byteOrder } from './byteOrder.ts';
import { debianBasePiece } from './debianBasePiece.ts';
import type { DebPackage } from './debPackage.ts';
import {
  debPiece,
  inspectDebFile,
  ownAdjustments,
  type DebContext,
  type DebFile,
  type InspectedDeb,
} from './debPiece.ts';
import { settleConflicts } from './fileConflicts.ts';
import { SLIM_RULES, type PathRule } from './pathFilter.ts';
import { isUnknownScript, unknownScripts } from './recogniseScript.ts';
import { SCRIPT_TABLE, type ScriptTable } from './scriptTable.ts';

export interface DebianOptions {
  debs: readonly DebFile[];
  home: HomeLayout;
  /** Seconds since 1970, of the lock. */
  epoch: number;
  /** What is left out of every package; default: documentation but licences, man pages, translations. [] keeps all. */
  exclude?: readonly PathRule[];
  table?: ScriptTable;
  progress?: Progress;
  /** Threads to share (layersPool); otherwise this call starts and ends its own. */
  pool?: WorkerPool;
}

const TASK = 'debian';

/** As inspectDebFile for all; packages with unknown scripts are refused together, so that nobody finds them one by one. */
async function inspectAll(debs: readonly DebFile[], context: DebContext): Promise<InspectedDeb[]> {
  const settled = await Promise.allSettled(debs.map((file) => inspectDebFile(file, context)));
  const failures = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  const unknown = failures.filter(isUnknownScript);
  if (unknown.length > 1 && unknown.length === failures.length) throw unknownScripts(unknown);
  if (failures.length > 0) throw failures.find((each) => !isUnknownScript(each)) ?? failures[0];
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

async function unpackAll(options: DebianOptions, context: DebContext): Promise<DebPackage[]> {
  const { debs, progress = silent } = options;
  // every script is known before the first file is written
  const inspected = await inspectAll(debs, context);
  const total = debs.reduce((sum, { size }) => sum + size, 0);
  progress({ kind: 'task', task: TASK, label: 'Debian packages', unit: 'bytes', total });
  const packages = await Promise.all(
    inspected.map(async (deb) => {
      const done = await debPiece(deb, context);
      progress({ kind: 'advance', task: TASK, by: deb.file.size });
      return done;
    }),
  );
  progress({ kind: 'done', task: TASK });
  const changes = settleConflicts(packages);
  return Promise.all(
    packages.map(async (done, index) => {
      const change = changes.get(done.name);
      const deb = inspected[index];
      if (!change || !deb) return done;
      const own = ownAdjustments(deb.effects);
      return debPiece(deb, context, { ...own, drop: [...own.drop, ...change.drop], renames: change.renames });
    }),
  );
}

/**
 * From .deb files to the ordered pieces of a Debian base: one piece a package by name, then the generated one. Nothing is run;
 * trees end up in `home.trees`, and a second call with the same files only reads listings.
 * Throws RIG-LAYERS-DEB-…; a note is emitted for each cache that cannot be made without running a program.
 */
export async function debianPieces(options: DebianOptions): Promise<Piece[]> {
  const { home, epoch, exclude = SLIM_RULES, table = SCRIPT_TABLE, progress = silent } = options;
  const pool = options.pool ?? layersPool();
  try {
    const packages = await unpackAll(options, { home, exclude, table, pool });
    packages.sort((a, b) => byteOrder(a.name, b.name));
    const base = debianBasePiece(packages, { epoch, exclude });
    for (const text of base.notes) progress({ kind: 'note', level: 'info', text });
    return [...packages.map(({ piece }) => piece), base.piece];
  } finally {
    if (!options.pool) await pool.close();
  }
}
