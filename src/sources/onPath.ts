import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Full path of a program, by PATH, or undefined. */
export async function onPath(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (!folder) continue;
    const path = join(folder, name);
    const isProgram = await access(path, constants.X_OK)
      .then(async () => (await stat(path)).isFile())
      .catch(() => false);
    if (isProgram) return path;
  }
  return undefined;
}
