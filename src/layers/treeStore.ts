import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, run, writeFileAtomic, type HomeLayout } from '../kernel/index.ts';

/** A tree in the making, invisible until committed. */
export interface NewTree {
  /** Folder to fill, on the same file system as `home.trees`; paths below it are paths in the image. */
  path: string;
  /** Makes it `<home.trees>/<key>`; somebody else's finished tree of the same key wins. */
  commit(): Promise<string>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** Where the tree of a piece is, or will be. */
export function treePath(home: HomeLayout, key: string): string {
  return join(home.trees, key);
}

/** Trees of pieces, and merged roots, which are kept by the same rules. */
export type TreeKind = 'trees' | 'roots';

// A tree's files are not fsynced one by one (35,000 of them). Its marker names the boot in which it was written: after a crash of
// the machine the marker names another boot, and the tree counts only if `settleTrees` had flushed it to disk.
const markerPath = (folder: string, key: string): string => join(folder, `${key}.state`);
const SETTLED = 'settled';
/** Trees hold set-uid programs: nobody else on this machine may reach them. */
const PRIVATE = 0o700;

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** True if the piece's tree is complete and was not in flight when the machine last went down. */
export async function hasTree(home: HomeLayout, key: string, kind: TreeKind = 'trees'): Promise<boolean> {
  const marker = await readFile(markerPath(home[kind], key), 'utf8').catch(() => undefined);
  if (marker === undefined || (marker !== SETTLED && marker !== bootId())) return false;
  return (await stat(join(home[kind], key)).catch(() => undefined))?.isDirectory() ?? false;
}

/** Keys of all usable trees. */
export async function listTrees(home: HomeLayout, kind: TreeKind = 'trees'): Promise<string[]> {
  const names = await readdir(home[kind]).catch(() => []);
  const keys = names.filter((name) => name.endsWith('.state')).map((name) => name.slice(0, -6));
  const usable = await Promise.all(keys.map((key) => hasTree(home, key, kind)));
  return keys.filter((_, index) => usable[index]);
}

/** Removes a tree, its marker first: a reader never takes half of it for whole. */
export async function removeTree(home: HomeLayout, key: string, kind: TreeKind = 'trees'): Promise<void> {
  await rm(markerPath(home[kind], key), { force: true });
  await rm(join(home[kind], key), { recursive: true, force: true });
}

function processTag(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    // not Linux
  }
  return `${bootId().slice(0, 8)}.${namespace}`;
}

/** A fresh scratch folder in `home.tmp`, named so that `sweepScratch` knows whether its owner still lives. */
export async function scratchFolder(home: HomeLayout, kind: string): Promise<string> {
  const path = join(home.tmp, `${kind}.${processTag()}.${process.pid}.${randomBytes(4).toString('hex')}`);
  await mkdir(home.tmp, { recursive: true, mode: PRIVATE });
  await mkdir(path);
  // It may become the root folder of an environment, which everybody inside must be able to enter, whatever the umask.
  await chmod(path, 0o755);
  return path;
}

/** Starts a tree for a piece. Throws system errors (ENOSPC, EROFS) as they are. */
export async function newTree(home: HomeLayout, key: string, kind: TreeKind = 'trees'): Promise<NewTree> {
  const path = await scratchFolder(home, 'tree');
  const target = join(home[kind], key);
  return {
    path,
    discard: () => rm(path, { recursive: true, force: true }),
    async commit() {
      await mkdir(home[kind], { recursive: true, mode: PRIVATE });
      if (await hasTree(home, key, kind)) {
        await rm(path, { recursive: true, force: true });
        return target;
      }
      await moveIntoPlace(path, target);
      await writeFileAtomic(markerPath(home[kind], key), bootId());
      return target;
    },
  };
}

async function moveIntoPlace(path: string, target: string): Promise<void> {
  try {
    await rename(path, target);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
    // Left by a crash, or made by another process a moment ago: equal by its key, but ours is known to be whole.
    const old = `${path}.old`;
    await rename(target, old);
    await rename(path, target);
    await rm(old, { recursive: true, force: true });
  }
}

/** Flushes the file system and marks all of this boot's trees as safe against a crash of the machine. Slow: call it in the background. */
export async function settleTrees(home: HomeLayout): Promise<number> {
  const boot = bootId();
  const fresh: string[] = [];
  for (const kind of ['trees', 'roots'] as const)
    for (const key of await listTrees(home, kind)) {
      const marker = markerPath(home[kind], key);
      if ((await readFile(marker, 'utf8').catch(() => SETTLED)) === boot) fresh.push(marker);
    }
  if (fresh.length === 0) return 0;
  const synced = await run('sync', ['-f', home.trees]);
  if (synced.code !== 0) return 0;
  for (const marker of fresh) await writeFileAtomic(marker, SETTLED);
  return fresh.length;
}

const DAY = 86_400_000;

/** Removes scratch folders whose process is gone (kill -9), and those of other boots or pid namespaces after a day. */
export async function sweepScratch(home: HomeLayout): Promise<void> {
  const tag = processTag();
  for (const name of await readdir(home.tmp).catch(() => [])) {
    const match = /^[a-z]+\.([0-9a-z]+\.\d*)\.(\d+)\.[0-9a-f]{8}(\.old)?$/.exec(name);
    if (!match) continue;
    const path = join(home.tmp, name);
    if (match[1] === tag ? isAlive(Number(match[2])) : !(await isOlderThan(path, DAY))) continue;
    await rm(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

async function isOlderThan(path: string, milliseconds: number): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > milliseconds;
}
