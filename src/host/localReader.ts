import { access, constants, readFile, readdir, readlink, statfs } from 'node:fs/promises';
import { errnoOf, messageOf, run } from '../kernel/index.ts';
import { mountOf } from './mounts.ts';
import type { HostReader, Look } from './reader.ts';

async function look<T>(work: () => Promise<T>): Promise<Look<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const code = errnoOf(error);
    const why =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? 'missing'
        : code === 'EACCES' || code === 'EPERM'
          ? 'denied'
          : 'failed';
    return { ok: false, why, message: messageOf(error) };
  }
}

async function may(path: string, mode: number): Promise<boolean> {
  return (await look(() => access(path, mode))).ok;
}

/** Reads the machine that this process runs on. */
export function localReader(env: NodeJS.ProcessEnv = process.env): HostReader {
  return {
    readFile: (path) => look(() => readFile(path, 'utf8')),
    readdir: (path) => look(async () => (await readdir(path)).sort()),
    readlink: (path) => look(() => readlink(path)),
    exists: (path) => may(path, constants.F_OK),
    writable: (path) => may(path, constants.W_OK),
    statfs: (path) =>
      look(async () => {
        const facts = await statfs(path);
        const mounts = await look(() => readFile('/proc/self/mountinfo', 'utf8'));
        return {
          total: facts.blocks * facts.bsize,
          free: facts.bavail * facts.bsize,
          type: mounts.ok ? (mountOf(mounts.value, path)?.type ?? null) : null,
        };
      }),
    async exec(command, args, { timeout }) {
      try {
        // Programs answer in English and without colours or pagers.
        const { code, stdout, stderr, timedOut } = await run(command, args, {
          timeout,
          env: { ...env, LC_ALL: 'C', NO_COLOR: '1' },
        });
        return { found: true, code, stdout, stderr, timedOut };
      } catch (error) {
        const found = errnoOf(error) !== 'ENOENT';
        return { found, code: null, stdout: '', stderr: messageOf(error), timedOut: false };
      }
    },
    identity: { platform: process.platform, arch: process.arch, uid: process.getuid?.() ?? null, env },
  };
}
