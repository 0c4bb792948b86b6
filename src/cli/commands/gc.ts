import { readdir, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { formatBytes } from '../../kernel/index.ts';
import type { HomeLayout } from '../../kernel/index.ts';
import { listTrees, removeTree, sweepScratch } from '../../layers/index.ts';
import { readLock } from '../../lock/index.ts';
import { loadSpec } from '../../spec/index.ts';
import { openStore } from '../../store/index.ts';
import { confirm } from '../confirm.ts';
import { engineFor, layoutOf } from '../flows/environment.ts';
import { allRecords } from '../flows/preparedRecord.ts';
import type { Call, Handler } from '../outcome.ts';
import type { GcFlags } from '../routes/build.ts';

export const handler: Handler<GcFlags, []> = async (call, flags) => {
  const home = layoutOf(call);
  const damaged = flags.verify === true ? await removeDamaged(call, home) : [];
  const plan = await planGc(call, home);
  const { roots, trees, files, bytes } = plan;
  const what = `${files.length} files (${formatBytes(bytes)}), ${trees.length} unpacked packages, ${roots.length} root file systems`;
  const isAnything = files.length + trees.length + roots.length > 0;
  if (flags.dryRun !== true && isAnything) {
    await confirm(call, `Remove ${what} that no environment and not this folder's lock needs?`);
    for (const { path } of plan.records) await rm(path, { force: true });
    for (const key of roots) await removeTree(home, key, 'roots');
    for (const key of trees) await removeTree(home, key);
    const store = openStore(home);
    await store.gc(new Set(plan.keepFiles));
    await store.close();
  }
  if (flags.dryRun !== true) await sweepScratch(home);
  const verb = flags.dryRun === true ? 'would remove' : 'removed';
  return {
    data: {
      dryRun: flags.dryRun === true,
      files: files.length,
      bytes,
      trees: trees.length,
      roots: roots.length,
      damaged,
    },
    text: [
      ...damaged.map((sha256) => `damaged, removed: ${sha256}`),
      isAnything ? `${verb} ${what}` : 'nothing to remove',
    ].join('\n'),
  };
};

/** Hashes every stored file; a wrong one is removed, and the next command that needs it fetches it again. */
async function removeDamaged(call: Pick<Call, 'progress'>, home: HomeLayout): Promise<string[]> {
  const store = openStore(home);
  const files = await store.list();
  const task = 'verify-store';
  const total = files.reduce((sum, { size }) => sum + size, 0);
  call.progress({ kind: 'task', task, label: 'hashing stored files', unit: 'bytes', total });
  const damaged: string[] = [];
  for (const { sha256, size } of files) {
    if (!(await store.verify(sha256))) damaged.push(sha256);
    call.progress({ kind: 'advance', task, by: size });
  }
  call.progress({ kind: 'done', task });
  await store.close();
  return damaged;
}

interface GcPlan {
  records: { path: string }[];
  roots: string[];
  trees: string[];
  files: string[];
  keepFiles: string[];
  bytes: number;
}

/** Kept: what the environments run, and what this folder's lock names. */
async function planGc(call: Pick<Call, 'env' | 'cwd'>, home: HomeLayout): Promise<GcPlan> {
  const loaded = await loadSpec({ folder: call.cwd, env: call.env });
  const [lock, environments, records] = await Promise.all([
    readLock(loaded.lockPath),
    engineFor(call).engine.list(),
    allRecords(home),
  ]);
  const own = new Set([...(lock?.python ?? []), ...(lock?.debian ?? [])].map(({ sha256 }) => sha256));
  const used = new Set(environments.map(({ imageDigest }) => imageDigest));
  const isKept = ({ record }: (typeof records)[number]): boolean =>
    used.has(record.digest) || (lock !== undefined && record.files.every((file) => own.has(file)));
  const kept = records.filter(isKept);
  const keepRoots = new Set(kept.map(({ record }) => basename(record.lower)));
  const keepTrees = new Set(kept.flatMap(({ record }) => record.trees));
  const keepFiles = new Set([...own, ...kept.flatMap(({ record }) => record.files)]);
  const store = openStore(home);
  const files = (await store.list()).filter(({ sha256 }) => !keepFiles.has(sha256));
  await store.close();
  const roots = (await readdir(home.roots).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
  return {
    records: records.filter((each) => !isKept(each)),
    roots: roots.filter((key) => !keepRoots.has(key)),
    trees: (await listTrees(home)).filter((key) => !keepTrees.has(key)),
    files: files.map(({ sha256 }) => sha256),
    keepFiles: [...keepFiles],
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  };
}
