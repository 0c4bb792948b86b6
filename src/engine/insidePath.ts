import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Where `path` of a root folder lies on the host, with links followed as they would be inside: none leads out. */
export async function insidePath(root: string, path: string): Promise<string> {
  const todo = path.split('/').reverse();
  let done: string[] = [];
  for (let steps = 0; todo.length > 0;) {
    const part = todo.pop();
    if (!part || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = join(root, ...done, part);
    const facts = await lstat(here).catch(() => undefined);
    if (!facts?.isSymbolicLink()) {
      done.push(part);
      continue;
    }
    steps += 1;
    if (steps > 40) throw new Error(`too many links at ${path}`);
    const target = await readlink(here);
    if (target.startsWith('/')) done = [];
    todo.push(...target.split('/').reverse());
  }
  return join(root, ...done);
}
