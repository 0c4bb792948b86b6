import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, run } from '../../src/kernel/index.ts';
import type { DebFile } from '../../src/layers/index.ts';

/** First program of the list that this machine lacks. */
export async function missingProgram(...programs: string[]): Promise<string | undefined> {
  for (const program of programs) {
    const found = await run('sh', ['-c', 'command -v "$1"', 'sh', program]);
    if (found.code !== 0) return program;
  }
  return undefined;
}

/** True on Debian 12 for amd64: elsewhere apt would bring other packages. */
export function isBookworm(): boolean {
  try {
    return (
      process.arch === 'x64' && /^VERSION_CODENAME=bookworm$/m.test(readFileSync('/etc/os-release', 'utf8'))
    );
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Lets the machine's own apt fetch these packages, as new as it has them, into a folder. Throws with what apt said. */
export async function aptDownload(names: readonly string[], folder: string): Promise<DebFile[]> {
  const got = await run('apt-get', ['-qq', 'download', ...names], { cwd: folder, timeout: 120_000 });
  if (got.code !== 0) throw new Error(`apt-get download: ${got.stderr.trim().split('\n').at(-1) ?? ''}`);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.deb'))
    .sort()
    .map((file) => {
      const path = join(folder, file);
      const [name = '', version = ''] = file.replaceAll('%3a', ':').split('_');
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
      return { path, name, version, sha256, size: statSync(path).size };
    });
}
