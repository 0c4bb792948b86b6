import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, EXIT, RigError, run } from '../kernel/index.ts';
import { formatPreferences, readPylock } from './pylock.ts';
import type { PylockPackage } from './pylock.ts';
import { machineOf } from './wheelTags.ts';
import type { WheelTarget } from './wheelTags.ts';

export interface CompileRequest {
  /** The uv program. */
  uv: string;
  /** Of `uvEnvironment`: where packages come from. */
  env: NodeJS.ProcessEnv;
  args: readonly string[];
  /** PEP 508. */
  wanted: readonly string[];
  constraints: readonly string[];
  /** Versions that are kept where nothing speaks against them. */
  prefer: readonly { name: string; version: string }[];
  target: WheelTarget;
  /** Milliseconds. */
  timeout?: number;
  signal?: AbortSignal | undefined;
}

const TIME_LIMIT = 600_000;

/** uv's explanation without addresses, which may hold credentials, and without the words that only its own caller needs. */
export function cleanExplanation(stderr: string): string {
  return stderr
    .replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s`'")\]]*/gi, '(address)')
    .replaceAll(/\(i\.e\., with `--no-build`\)/g, '')
    .replace(/^error: /, '')
    .replaceAll(/^\s*cause: /gm, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('hint: Wheels are required'))
    .join(' ')
    .replaceAll(/ +/g, ' ');
}

/** The project that has no wheel, where that is uv's reason. */
function withoutWheels(stderr: string): string | undefined {
  return (
    /hint: Wheels are required for `([^`]+)`/.exec(stderr)?.[1] ??
    /versions of (\S+) have no (?:usable )?wheels/.exec(stderr)?.[1]
  );
}

function failure(stderr: string): RigError {
  const why = cleanExplanation(stderr);
  const bare = withoutWheels(stderr);
  if (bare !== undefined)
    return new RigError('RIG-LOCK-033', `${bare} has no wheel that fits`, {
      why,
      hint: `ask for another version or another package, or build a wheel of ${bare} and serve it through find-links`,
      details: { package: bare },
    });
  // uv goes on without an index that refuses, and then finds no solution
  const refused = /lack of valid authentication credentials|\((401|403) [A-Z]/.test(stderr);
  if (!refused && stderr.includes('No solution found'))
    return new RigError('RIG-LOCK-032', 'the Python packages do not go together', {
      why,
      hint: 'change the versions named above in packages.python of torchrig.yaml',
    });
  if (
    refused ||
    /Failed to (fetch|download)|error sending request|HTTP status|Request failed|timed out/i.test(stderr)
  )
    return new RigError('RIG-LOCK-034', 'the Python packages could not be looked up', {
      why,
      hint: 'check the network and the package index (pip config list), then run the same command again',
      exitCode: EXIT.source,
    });
  return new RigError('RIG-LOCK-035', 'uv could not resolve the Python packages', {
    why: why || 'it gave no reason',
    hint: 'correct packages.python in torchrig.yaml',
  });
}

async function runUv(request: CompileRequest, folder: string): Promise<PylockPackage[]> {
  const { target } = request;
  const output = join(folder, 'pylock.toml');
  await writeFile(join(folder, 'wanted.txt'), `${request.wanted.join('\n')}\n`);
  await writeFile(join(folder, 'constraints.txt'), `${request.constraints.join('\n')}\n`);
  if (request.prefer.length > 0) await writeFile(output, formatPreferences(request.prefer));
  const args = ['pip', 'compile', 'wanted.txt', '--constraints', 'constraints.txt', '--quiet', '--no-header'];
  args.push(
    '--no-annotate',
    '--only-binary',
    ':all:',
    '--format',
    'pylock.toml',
    '--output-file',
    'pylock.toml',
  );
  args.push(...request.args, '--python-version', target.python);
  args.push('--python-platform', `${machineOf(target.platform)}-manylinux_${target.glibc.replace('.', '_')}`);
  // a signal that was raised before would never be heard
  request.signal?.throwIfAborted();
  const result = await run(request.uv, args, {
    cwd: folder,
    env: request.env,
    timeout: request.timeout ?? TIME_LIMIT,
    ...(request.signal ? { signal: request.signal } : {}),
  }).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new RigError('RIG-LOCK-035', `the program ${request.uv} is gone`, {
      hint: 'run the same command again',
    });
  });
  if (result.timedOut)
    throw new RigError('RIG-LOCK-034', 'the Python packages could not be looked up in time', {
      why: `uv did not finish within ${Math.round((request.timeout ?? TIME_LIMIT) / 1000)} s`,
      hint: 'check the network and the package index (pip config list), then run the same command again',
      exitCode: EXIT.source,
    });
  if (result.code !== 0) throw failure(result.stderr);
  return readPylock(await readFile(output, 'utf8'));
}

/**
 * Resolves with the real uv for one platform: `uv pip compile` to a pylock.toml, wheels only.
 *
 * Per platform and not universal, because an image is of one platform: a universal resolution must also hold on systems that
 * nobody builds an image for (it fails or forks on packages that publish no wheel there), and a lock with markers would have to be
 * decided again when it is used.
 * Throws RIG-LOCK-032 (no solution), -033 (no wheel), -034 (index or network), -035 (anything else uv says).
 */
export async function uvCompile(request: CompileRequest): Promise<PylockPackage[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rig-lock-'));
  try {
    return await runUv(request, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
