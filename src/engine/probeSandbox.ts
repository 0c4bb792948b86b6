import { mkdir, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { messageOf, run } from '../kernel/index.ts';
import type { SandboxMode } from './engine.ts';
import { findProgram, systemPath } from './hostPrograms.ts';
import { unshareWords } from './idMapping.ts';
import { escapeOption } from './bootScript.ts';
import { hasRange } from './subordinateIds.ts';

/** What namespaces can do here, found out by making some. */
export interface NamespaceProbe {
  /** The best mode that works; undefined when none does. */
  mode: Exclude<SandboxMode, 'proot'> | undefined;
  reason: string;
  hints: string[];
}

type NamespaceMode = Exclude<SandboxMode, 'proot'>;

const SAYS: Record<NamespaceMode, string> = {
  root: 'namespaces, as root',
  range: 'user namespaces, with a range of ids',
  single: 'user namespaces, with a single id',
};

// everything a start depends on: namespaces, mounting, /proc, and an overlay whose writable layer lies where ours will
const TRY = `mount -t tmpfs rig /tmp && mount -t proc rig /proc || exit 10
mkdir -p "$1/l" "$1/u" "$1/w" "$1/m" && mount -t overlay -o "$2" rig "$1/m" || exit 20`;

/** Tries root, a range of ids, a single id; `scratch` is a folder on the file system of the environments. */
export async function probeNamespaces(
  scratch: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<NamespaceProbe> {
  if (!findProgram('unshare', env)) {
    return {
      mode: undefined,
      reason: 'the program unshare was not found',
      hints: ['install the package util-linux'],
    };
  }
  let why = '';
  for (const mode of await candidates(env)) {
    const failure = await attempt(mode, scratch, env);
    if (failure === undefined) return { mode, reason: SAYS[mode], hints: await hintsFor(mode, env) };
    why = failure;
  }
  return { mode: undefined, ...(await explain(why)) };
}

async function candidates(env: NodeJS.ProcessEnv): Promise<NamespaceMode[]> {
  if (process.geteuid?.() === 0) return ['root'];
  return (await hasRange(env)) ? ['range', 'single'] : ['single'];
}

/** Undefined when it worked, else what the failing program said. */
async function attempt(
  mode: NamespaceMode,
  scratch: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const base = join(scratch, `probe-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(base, { recursive: true });
  } catch (error) {
    return `overlay: ${messageOf(error)}`;
  }
  const at = (name: string): string => escapeOption(join(base, name));
  const options = `${mode === 'root' ? '' : 'userxattr,'}lowerdir=${at('l')},upperdir=${at('u')},workdir=${at('w')}`;
  const [command, ...args] = await unshareWords(mode, env);
  try {
    const result = await run(command ?? 'unshare', [...args, 'sh', '-c', TRY, 'sh', base, options], {
      env: { PATH: systemPath(env), LC_ALL: 'C' },
      timeout: 10_000,
    });
    if (result.code === 0) return undefined;
    const text = result.stderr.trim().split('\n')[0] ?? '';
    return result.code === 20 ? `overlay: ${text}` : text || `unshare ended with ${result.code}`;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

async function hintsFor(mode: NamespaceMode, env: NodeJS.ProcessEnv): Promise<string[]> {
  if (mode !== 'single') return [];
  const install = findProgram('newuidmap', env) ? [] : ['install the package uidmap'];
  return [
    ...install,
    'for several users inside: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER',
  ];
}

async function setting(path: string): Promise<string> {
  return (await readFile(`/proc/sys/${path}`, 'utf8').catch(() => '')).trim();
}

/** Which of the known restrictions it is (sandbox.md, section 10). */
async function explain(text: string): Promise<{ reason: string; hints: string[] }> {
  const docker = 'with docker: docker run --privileged, or --engine docker on the host';
  if (text.startsWith('overlay:')) {
    return {
      reason: `no writable layer can be made in TORCHRIG_HOME (${/wrong fs type/.exec(text)?.[0] ?? text})`,
      hints: ['set TORCHRIG_HOME to a folder on a local disk; inside a container, on a volume'],
    };
  }
  if ((await setting('kernel/apparmor_restrict_unprivileged_userns')) === '1') {
    return {
      reason: `AppArmor forbids user namespaces to ordinary users (${text})`,
      hints: ['sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0', 'or run rig as root'],
    };
  }
  if ((await setting('user/max_user_namespaces')) === '0') {
    return {
      reason: `user namespaces are switched off (${text})`,
      hints: ['sudo sysctl user.max_user_namespaces=15000'],
    };
  }
  if ((await setting('kernel/unprivileged_userns_clone')) === '0') {
    return {
      reason: `user namespaces are switched off for ordinary users (${text})`,
      hints: ['sudo sysctl kernel.unprivileged_userns_clone=1'],
    };
  }
  const container = existsSync('/.dockerenv') || existsSync('/run/.containerenv');
  if (container || /^Seccomp:\s*2/m.test(await readFile('/proc/self/status', 'utf8'))) {
    return { reason: `the container around us forbids namespaces (${text})`, hints: [docker] };
  }
  return { reason: text, hints: ['run rig as root, or allow user namespaces'] };
}
