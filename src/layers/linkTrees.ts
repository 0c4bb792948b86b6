import {
  copyFileSync,
  linkSync,
  lutimesSync,
  lstatSync,
  readlinkSync,
  symlinkSync,
  chmodSync,
  lchownSync,
} from 'node:fs';
import { errnoOf } from '../kernel/index.ts';
import { OWNS_AS_ROOT } from './unpackEntries.ts';

/** Files to appear in a merged root. Their folders exist. */
export interface LinkJob {
  kind: 'link';
  /** Folder of the merged root. */
  root: string;
  /** A tree and the paths taken from it. */
  groups: { tree: string; paths: string[] }[];
}

/** Hard-links files (and symbolic links) out of their trees; copies where the file system allows no more links (EMLINK). */
export function linkTrees(job: LinkJob): { copied: number } {
  let copied = 0;
  for (const { tree, paths } of job.groups)
    for (const path of paths) {
      try {
        linkSync(`${tree}/${path}`, `${job.root}/${path}`);
      } catch (error) {
        if (errnoOf(error) !== 'EMLINK') throw error;
        copyFile(`${tree}/${path}`, `${job.root}/${path}`);
        copied += 1;
      }
    }
  return { copied };
}

function copyFile(from: string, to: string): void {
  const facts = lstatSync(from);
  if (facts.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else copyFileSync(from, to);
  if (OWNS_AS_ROOT) lchownSync(to, facts.uid, facts.gid);
  if (!facts.isSymbolicLink()) chmodSync(to, facts.mode & 0o7777);
  lutimesSync(to, facts.atime, facts.mtime);
}
