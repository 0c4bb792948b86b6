import { randomBytes } from 'node:crypto';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { RigError, errnoOf, run } from '../kernel/index.ts';
import type { SandboxMode } from './engine.ts';
import type { EnvironmentFolder } from './environmentFolder.ts';
import { readState } from './environmentState.ts';
import { userNamespaceWords } from './idMapping.ts';
import { hasRange } from './subordinateIds.ts';

const PREFIX = '.purge-';

/**
 * Removes an environment with all that was written in it. It is gone for everybody at once by a rename; a purge that was
 * cut off is ended by the next one.
 */
export async function purgeFolder(
  folder: EnvironmentFolder,
  envs: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const mode = (await readState(folder))?.mode;
  const away = join(envs, `${PREFIX}${folder.name}-${randomBytes(4).toString('hex')}`);
  try {
    await rename(folder.root, away);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const left = (await readdir(envs).catch(() => [])).filter((name) => name.startsWith(PREFIX));
  if (left.length === 0) return;
  const words = await ownerWords(mode, env);
  const [command, ...args] = [
    ...words,
    'rm',
    '-rf',
    '--one-file-system',
    '--',
    ...left.map((name) => join(envs, name)),
  ];
  const result = await run(command ?? 'rm', args, { env: { ...env, LC_ALL: 'C' } });
  if (result.code === 0) return;
  throw new RigError('RIG-ENGINE-012', `environment ${folder.name} could not be removed`, {
    why: result.stderr.trim().split('\n')[0] ?? 'rm failed',
    hint: `rm -rf ${left.map((name) => join(envs, name)).join(' ')}`,
  });
}

/** Files of subordinate ids are removed by one who has these ids; the overlay's work folder (mode 000) by a root of some kind. */
async function ownerWords(mode: SandboxMode | undefined, env: NodeJS.ProcessEnv): Promise<string[]> {
  if (process.geteuid?.() === 0 || mode === 'proot') return [];
  const ids = mode === 'range' || (mode === undefined && (await hasRange(env))) ? 'range' : 'single';
  return [...(await userNamespaceWords(ids, env)), '--'];
}
