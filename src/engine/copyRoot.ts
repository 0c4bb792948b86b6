import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  lchown,
  link,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
} from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, temporaryName } from '../kernel/index.ts';

/** Files from this size on are shared with the store by a hard link: nobody edits a library in place. */
const SHARED_FROM = 2 ** 20;
const AT_ONCE = 16;

/**
 * A writable copy of a root folder, for where no overlay can be mounted. Small files are copied (as clones where the file
 * system can), so that writing in place never reaches the store; large ones are hard links. Done when `target` exists.
 */
export async function copyRoot(source: string, target: string): Promise<void> {
  if (await lstat(target).catch(() => undefined)) return;
  const temporary = temporaryName(target);
  try {
    await copyFolder(source, temporary, process.geteuid?.() === 0);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function copyFolder(source: string, target: string, own: boolean): Promise<void> {
  const facts = await lstat(source);
  await mkdir(target, { mode: 0o700 });
  const names = await readdir(source, { withFileTypes: true });
  const folders = names.filter((entry) => entry.isDirectory());
  const others = names.filter((entry) => !entry.isDirectory());
  while (others.length > 0) {
    const batch = others.splice(0, AT_ONCE);
    await Promise.all(batch.map(async ({ name }) => copyOne(join(source, name), join(target, name), own)));
  }
  for (const { name } of folders) await copyFolder(join(source, name), join(target, name), own);
  await settle(target, facts, own);
}

async function copyOne(source: string, target: string, own: boolean): Promise<void> {
  const facts = await lstat(source);
  if (facts.isSymbolicLink()) {
    await symlink(await readlink(source), target);
    if (own) await lchown(target, facts.uid, facts.gid);
  } else if (facts.isFile()) {
    if (facts.size >= SHARED_FROM && (await linked(source, target))) return;
    await copyFile(source, target, constants.COPYFILE_FICLONE);
    await settle(target, facts, own);
  }
}

async function linked(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target);
    return true;
  } catch (error) {
    // another file system, too many links, or links to other people's files forbidden
    if (['EXDEV', 'EMLINK', 'EPERM'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

async function settle(target: string, facts: Stats, own: boolean): Promise<void> {
  if (own) await lchown(target, facts.uid, facts.gid);
  await chmod(target, facts.mode & 0o7777);
  await utimes(target, facts.atime, facts.mtime);
}
