import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { ensureFolder } from './ensureFolder.ts';
import { RigError } from './errors.ts';

export interface FileLock {
  release(): Promise<void>;
}

export interface LockOptions {
  /** Called once when somebody else holds the lock and we start to wait. */
  onWait?: () => void;
  /** Give up at once instead of waiting: the promise then resolves to undefined. */
  tryOnly?: boolean;
  signal?: AbortSignal;
}

// fd 9 carries the flock and is inherited by cat, which lives until our end of its stdin closes:
// a kill -9 of this process releases the lock at once.
const HOLDER =
  'exec 9>>"$1" || exit 3; if ! flock -n 9; then echo busy; [ "$2" = try ] && exit 4; flock 9; fi; echo held; exec cat >/dev/null';

/**
 * An exclusive lock on `path` (created when missing, never removed) that dies with this process: flock(2) through util-linux.
 * Throws RIG-KERNEL-001 when flock(1) is missing or the file cannot be opened.
 */
export async function lockFile(
  path: string,
  options: LockOptions & { tryOnly: true },
): Promise<FileLock | undefined>;
export async function lockFile(path: string, options?: LockOptions): Promise<FileLock>;
export async function lockFile(path: string, options: LockOptions = {}): Promise<FileLock | undefined> {
  options.signal?.throwIfAborted();
  await ensureFolder(dirname(path));
  const child = spawn('sh', ['-c', HOLDER, 'sh', path, options.tryOnly ? 'try' : 'wait'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdin.on('error', () => {});
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const closed = new Promise<number | null>((done) => {
    child.once('close', (code) => done(code));
  });
  const stop = (): void => {
    child.kill('SIGKILL');
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  const held = await new Promise<boolean>((done, fail) => {
    let text = '';
    let told = false;
    child.once('error', fail);
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('busy') && !told) {
        told = true;
        options.onWait?.();
      }
      if (text.includes('held')) done(true);
    });
    child.once('close', () => done(false));
  });
  options.signal?.removeEventListener('abort', stop);
  if (!held) {
    const code = await closed;
    if (options.signal?.aborted) options.signal.throwIfAborted();
    if (code === 4) return undefined;
    throw new RigError('RIG-KERNEL-001', `cannot lock ${path}`, {
      why: errors.trim() || 'the program flock (util-linux) did not start',
      hint: 'install util-linux, and check that TORCHRIG_HOME is writable',
    });
  }
  child.unref();
  return {
    async release() {
      child.ref(); // or the event loop may end before the answer
      child.stdin.end();
      await closed;
    },
  };
}

/** Runs `work` while holding the lock. */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const lock = await lockFile(path, { ...options, tryOnly: false } as LockOptions);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
