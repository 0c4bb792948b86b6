import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { findProgram } from './hostPrograms.ts';

export interface IdRange {
  start: number;
  count: number;
}

/** The caller's first range in /etc/subuid or /etc/subgid (subuid(5)): by name or by number. */
export async function subordinateRange(
  file: string,
  user: { name: string; uid: number },
): Promise<IdRange | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [who, start, count] = line.split(':');
    if (who !== user.name && who !== String(user.uid)) continue;
    const range = { start: Number(start), count: Number(count) };
    if (range.start > 0 && range.count > 0) return range;
  }
  return undefined;
}

/** The calling user; a uid without an entry in the user data base has its number for a name. */
export function callingUser(): { name: string; uid: number; gid: number } {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  try {
    return { name: userInfo().username, uid, gid };
  } catch {
    return { name: String(uid), uid, gid };
  }
}

/** Whether a range may be tried: the set-uid helpers are there and the caller has ranges of both kinds. */
export async function hasRange(env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  if (!findProgram('newuidmap', env) || !findProgram('newgidmap', env)) return false;
  const user = callingUser();
  const [uids, gids] = await Promise.all([
    subordinateRange('/etc/subuid', user),
    subordinateRange('/etc/subgid', user),
  ]);
  return uids !== undefined && gids !== undefined;
}
