import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Folders in which system programs lie even when a user's PATH lacks them. */
const SYSTEM = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** PATH of the programs that set an environment up: the caller's, then the system's. */
export function systemPath(env: NodeJS.ProcessEnv = process.env): string {
  const own = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  return [...new Set([...own, ...SYSTEM])].join(delimiter);
}

/** Absolute path of an executable, or undefined. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  for (const folder of systemPath(env).split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** The system's Python before any other on PATH: a version manager's shim takes ten times as long to start. */
export function findPython(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return findProgram('python3', { PATH: '/usr/bin' }) ?? findProgram('python3', env);
}
