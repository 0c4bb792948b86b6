import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { canonicalJson, sha256Hex, writeFileAtomic } from '../../kernel/index.ts';
import type { Digest, HomeLayout } from '../../kernel/index.ts';
import { hasTree, LAYER_FORMAT } from '../../layers/index.ts';
import { lockDigest } from '../../lock/index.ts';
import type { Lock } from '../../lock/index.ts';
import { runtimePiece } from '../../workspace/index.ts';

/** What was made of a lock: lets a later start skip all of it, and tells `rig gc` what belongs to what. */
export interface PreparedRecord {
  digest: Digest;
  /** Folder of the merged root. */
  lower: string;
  /** Keys of its trees. */
  trees: string[];
  /** sha256 of its wheels and .debs. */
  files: string[];
}

const folderOf = (home: HomeLayout): string => join(home.cache, 'prepared');
/** What this rig would make of the lock: another version's work does not count. */
function pathOf(home: HomeLayout, lock: Lock): string {
  const rules = { format: LAYER_FORMAT, image: lock.image, runtime: runtimePiece({ epoch: lock.epoch }).key };
  return join(folderOf(home), `${sha256Hex(canonicalJson({ lock: lockDigest(lock), ...rules }))}.json`);
}

export async function remember(
  home: HomeLayout,
  lock: Lock,
  made: Omit<PreparedRecord, 'files'>,
): Promise<void> {
  const files = [...lock.python, ...lock.debian].map(({ sha256 }) => sha256);
  await writeFileAtomic(pathOf(home, lock), canonicalJson({ ...made, files } satisfies PreparedRecord));
}

/** What an earlier call made, if its root is still there. */
export async function recall(home: HomeLayout, lock: Lock): Promise<PreparedRecord | undefined> {
  return readRecord(home, pathOf(home, lock));
}

/** All records, with the path of each. */
export async function allRecords(home: HomeLayout): Promise<{ path: string; record: PreparedRecord }[]> {
  const names = await readdir(folderOf(home)).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folderOf(home), name);
      const record = await readRecord(home, path);
      return record ? [{ path, record }] : [];
    }),
  );
  return found.flat();
}

async function readRecord(home: HomeLayout, path: string): Promise<PreparedRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as PreparedRecord;
    const isWhole = Array.isArray(record.trees) && Array.isArray(record.files);
    // A root that was in flight when the machine went down does not count.
    if (!isWhole || !(await hasTree(home, basename(record.lower), 'roots'))) return undefined;
    // The home may have been moved since, or be mounted elsewhere.
    return { ...record, lower: join(home.roots, basename(record.lower)) };
  } catch {
    return undefined;
  }
}
