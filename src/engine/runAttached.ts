import type { ChildProcess, StdioOptions } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import type { ExecRequest } from './engine.ts';
import type { Ear } from './listen.ts';

/** Passed on to the command inside; a second SIGINT means the same as the first. */
const FORWARDED: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
const FROM_KEYS = new Set<NodeJS.Signals>(['SIGINT', 'SIGQUIT']);
const KILL_AFTER_MS = 10_000;

/**
 * Runs a child on our own streams to its end and resolves to its exit code as a shell counts it. Signals that reach us go
 * to the command inside, and never end us first: with a terminal the command has its own, and Ctrl-C is a byte on it.
 */
export async function runAttached(
  start: (stdio: StdioOptions) => ChildProcess,
  { tty, signal }: Pick<ExecRequest, 'tty' | 'signal'>,
  ear?: Ear,
): Promise<number> {
  const child = start(stdioWith(tty, ear));
  ear?.started();
  const forward = (name: NodeJS.Signals): void => {
    if (!(tty === true && FROM_KEYS.has(name))) void signalInside(child, name);
  };
  for (const name of FORWARDED) process.on(name, forward);
  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    void signalInside(child, 'SIGTERM');
    timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const code = await exitCode(child);
    await ear?.finished();
    return code;
  } finally {
    for (const name of FORWARDED) process.off(name, forward);
    signal?.removeEventListener('abort', abort);
    clearTimeout(timer);
  }
}

/** Our own streams, with the ear in the place of standard error, or beside the terminal. */
function stdioWith(tty: boolean | undefined, ear: Ear | undefined): StdioOptions {
  if (!ear) return 'inherit';
  return tty ? ['inherit', 'inherit', 'inherit', ear.fd] : ['inherit', 'inherit', ear.fd];
}

/** Ends a child, and with it the command inside, when `signal` aborts; the child then closes as if killed from outside. */
export function killOnAbort(child: ChildProcess, signal: AbortSignal | undefined): ChildProcess {
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  if (signal?.aborted) kill();
  signal?.addEventListener('abort', kill, { once: true });
  child.once('close', () => signal?.removeEventListener('abort', kill));
  return child;
}

/** Resolves to a child's exit code, or 128 + the number of the signal that ended it. */
export async function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => done(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** The command is the child of the program that entered the namespaces; before that it is the program itself. */
async function signalInside(child: ChildProcess, name: NodeJS.Signals): Promise<void> {
  const pid = child.pid;
  if (pid === undefined) return;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const targets = children.split(' ').filter(Boolean).map(Number);
  for (const target of targets.length > 0 ? targets : [pid]) {
    try {
      process.kill(target, name);
    } catch {
      // ended meanwhile
    }
  }
}
