import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, RigError, temporaryName } from '../kernel/index.ts';

const TOKEN = /^[0-9a-f]{64}$/;

/**
 * The environment's Jupyter token, 64 hex digits, from `path`; made there (0600, its folder 0700) when missing. Two at once
 * get the same one. Throws RIG-WORKSPACE-001 when the file holds something else.
 */
export async function ensureToken(path: string): Promise<string> {
  const known = await readToken(path);
  if (known !== undefined) return known;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = temporaryName(path);
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(randomBytes(32).toString('hex'));
    await handle.sync();
    // link, not rename: the one who came first wins.
    await link(temporary, path).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
  } finally {
    await handle.close();
    await rm(temporary, { force: true });
  }
  const made = await readToken(path);
  if (made === undefined) throw unusable(path);
  return made;
}

/** The token in `path`, or undefined when there is none. A file that others may read is closed to them first. */
export async function readToken(path: string): Promise<string | undefined> {
  let text: string;
  try {
    await chmod(path, 0o600);
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw unusable(path, error);
  }
  if (!TOKEN.test(text)) throw unusable(path);
  return text;
}

function unusable(path: string, cause?: unknown): RigError {
  return new RigError('RIG-WORKSPACE-001', `no Jupyter token can be had from ${path}`, {
    why: cause instanceof Error ? cause.message : 'it does not hold 64 hexadecimal digits',
    hint: `rm ${path}; rig up makes a new one`,
    cause,
  });
}
