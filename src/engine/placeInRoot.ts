import { lstat, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PlacedFile } from './engine.ts';
import { insidePath } from './insidePath.ts';

/** Writes files and links into a root folder from outside, never through a link that leads out of it. */
export async function placeInRoot(
  root: string,
  files: PlacedFile[],
  links: [string, string][],
): Promise<void> {
  for (const { path, content, mode } of files) {
    const place = await parentOf(root, path);
    await rm(place, { force: true });
    await writeFile(place, content, { mode: mode ?? 0o644, flag: 'wx' });
  }
  for (const [path, target] of links) {
    const place = await parentOf(root, path);
    const there = await lstat(place).catch(() => undefined);
    if (there && !there.isSymbolicLink()) continue;
    await rm(place, { force: true });
    await symlink(target, place);
  }
}

async function parentOf(root: string, path: string): Promise<string> {
  const folder = await insidePath(root, dirname(path));
  await mkdir(folder, { recursive: true });
  return join(folder, basename(path));
}
