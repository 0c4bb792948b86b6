import type { Stats } from 'node:fs';
import { chmod, open, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/*
 * fsync of 3 GB costs seconds, and only matters if the machine crashes within the next half minute. So a verified file gets its
 * final name at once, with mode 0644, and is sealed (0444) later, when it is on the disk anyway. An unsealed file that is older than
 * this boot of the machine may have lost bytes: it is hashed again before it is used.
 */
const SEALED = 0o444;
/** The kernel writes dirty pages back within half a minute; then fdatasync costs nothing. */
const SETTLED_AFTER = 60_000;
/** Clocks are set while a machine boots. */
const SLACK = 120_000;

export function isSealed(file: Stats): boolean {
  return (file.mode & 0o222) === 0;
}

/** Is the content what was verified, as far as crashes go? `bootTime` in milliseconds since 1970. */
export function isTrustworthy(file: Stats, bootTime: number): boolean {
  return isSealed(file) || (file.mtimeMs > bootTime + SLACK && file.mtimeMs <= Date.now() + 1000);
}

/** When this machine started, in milliseconds since 1970 (proc(5), stat, btime); 0 where unknown. */
export async function bootTime(): Promise<number> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => '');
  const seconds = /^btime (\d+)$/m.exec(text)?.[1];
  return seconds ? Number(seconds) * 1000 : 0;
}

/** Makes a verified file durable and marks it so. */
export async function seal(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await chmod(path, SEALED).catch(() => {});
}

/** Seals verified files: all of them, or those that have had time to reach the disk by themselves. */
export async function sealFiles(files: string, options: { all: boolean; bootTime: number }): Promise<void> {
  for (const folder of await readdir(files).catch(() => [] as string[]))
    for (const name of await readdir(join(files, folder)).catch(() => [] as string[])) {
      const path = join(files, folder, name);
      const found = await stat(path).catch(() => undefined);
      if (!found || isSealed(found) || !isTrustworthy(found, options.bootTime)) continue;
      if (options.all || Date.now() - found.mtimeMs > SETTLED_AFTER) await seal(path).catch(() => {});
    }
}
