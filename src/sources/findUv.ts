import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  EXIT,
  type HomeLayout,
  type Progress,
  RigError,
  messageOf,
  run,
  withFileLock,
} from '../kernel/index.ts';
import { onPath } from './onPath.ts';

/** A uv that can be used. */
export interface Uv {
  path: string;
  version: string;
  /** Found on PATH, or kept in TORCHRIG_HOME. */
  from: 'path' | 'home';
}

/** The oldest uv with everything we ask of it (pylock.toml export, UV_DEFAULT_INDEX), and what pip is asked for. */
const OLDEST = [0, 7, 0];
const WANTED = 'uv>=0.9,<1';

/**
 * uv on PATH when it is new enough, else the one in HomeLayout.tools, which pip installs there the first time (40 MB).
 * Throws RIG-SOURCES-009 when neither is possible.
 */
export async function findUv(
  env: NodeJS.ProcessEnv,
  home: HomeLayout,
  options: { progress?: Progress; signal?: AbortSignal } = {},
): Promise<Uv> {
  const found = await onPath('uv', env);
  const version = found && (await versionOf(found, env));
  if (found && version && isRecent(version)) return { path: found, version, from: 'path' };
  const own = join(home.tools, 'uv', 'bin', 'uv');
  const kept = await ownUv(own, env);
  if (kept) return kept;
  return withFileLock(
    join(home.locks, 'uv.lock'),
    async () => {
      const made = await ownUv(own, env);
      if (made) return made;
      options.progress?.({ kind: 'note', level: 'info', text: 'obtaining uv through pip (once)' });
      await install(home, env, options.signal);
      const fresh = await ownUv(own, env);
      if (!fresh) throw missing('pip installed it, but it does not start');
      return fresh;
    },
    options.signal ? { signal: options.signal } : {},
  );
}

async function ownUv(path: string, env: NodeJS.ProcessEnv): Promise<Uv | undefined> {
  const isThere = await stat(path).catch(() => undefined);
  const version = isThere && (await versionOf(path, env));
  return version && isRecent(version) ? { path, version, from: 'home' } : undefined;
}

/** Into a folder of its own first: a half-installed uv never has the final name. */
async function install(home: HomeLayout, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<void> {
  const python = (await onPath('python3', env)) ?? (await onPath('python', env));
  if (!python) throw missing('there is no python3 on PATH to run pip with');
  await mkdir(home.tools, { recursive: true });
  const target = await mkdtemp(join(home.tools, '.uv-'));
  try {
    const index = (env['TORCHRIG_PYTHON_INDEX'] ?? '').split(/\s+/).filter(Boolean);
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--target',
      target,
      '--no-deps',
      '--only-binary',
      ':all:',
      WANTED,
    ];
    const result = await run(python, args, {
      env: {
        ...env,
        PIP_DISABLE_PIP_VERSION_CHECK: '1',
        PIP_NO_INPUT: '1',
        // in the environment, not in argv: an address may hold a password
        ...(index[0] && { PIP_INDEX_URL: index[0], PIP_EXTRA_INDEX_URL: index.slice(1).join(' ') }),
      },
      timeout: 600_000,
      ...(signal && { signal }),
    });
    if (result.code !== 0) throw missing(lastError(result.stderr) || `pip ended with ${result.code}`);
    await rm(join(home.tools, 'uv'), { recursive: true, force: true });
    await rename(target, join(home.tools, 'uv'));
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof RigError ? error : missing(messageOf(error));
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

async function versionOf(path: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const result = await run(path, ['--version'], { env, timeout: 10_000 }).catch(() => undefined);
  return result?.code === 0 ? /^uv (\d+\.\d+\.\d+)/.exec(result.stdout)?.[1] : undefined;
}

function isRecent(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, least] of OLDEST.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** pip's last ERROR line, without any password in an address. */
function lastError(text: string): string {
  const lines = text.trim().split('\n');
  const line = lines.findLast((each) => /error/i.test(each)) ?? lines.at(-1) ?? '';
  return line.replace(/:\/\/[^\s/@]+@/g, '://').trim();
}

function missing(why: string): RigError {
  return new RigError('RIG-SOURCES-009', 'uv is not on PATH and could not be obtained through pip', {
    why,
    hint: 'install uv (pip install uv), or repair pip: python3 -m pip download --no-deps uv',
    exitCode: EXIT.source,
  });
}
