import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../kernel/index.ts';

/** A pipe whose writing end a command gets, while we hear what comes out of it. */
export interface Ear {
  /** The writing end, for the command's stdio; give it away and call `started`. */
  fd: number;
  started: () => void;
  /** After the command has ended: resolves when all that it wrote was heard. */
  finished: () => Promise<void>;
}

/** After this long without a word, what still holds the pipe is a process that the command has left behind. */
const QUIET_MS = 150;

/**
 * A real pipe (child_process gives a socket, which /dev/stderr cannot open), made in the folder `at`; undefined where none can be made.
 * What is heard goes to `hear` and, when `through` is a file descriptor, there unchanged.
 */
export async function openEar(
  at: string,
  hear: (chunk: Buffer) => void,
  through?: number,
): Promise<Ear | undefined> {
  const path = join(at, `ear-${process.pid}-${Date.now()}`);
  const made = await run('mkfifo', ['-m', '600', path]).catch(() => undefined);
  if (made?.code !== 0) return undefined;
  // Opened for both first: a pipe without its other end cannot be opened.
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY);
  closeSync(both);
  unlinkSync(path);
  const socket = new Socket({ fd: reader, readable: true, writable: false });
  const heard = { last: performance.now() };
  const ended = new Promise<void>((done) => void socket.once('close', () => done()));
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    heard.last = performance.now();
    hear(chunk);
    // Who reads there is gone: the command shall get the signal that it would have got.
    if (through === 2) process.stderr.write(chunk, (error) => error && socket.destroy());
  });
  return {
    fd,
    started: () => closeSync(fd),
    async finished() {
      heard.last = performance.now();
      while (!socket.closed && performance.now() - heard.last < QUIET_MS) {
        await Promise.race([ended, sleep(QUIET_MS / 5)]);
      }
      if (socket.closed) return;
      if (through !== undefined) passOn(reader, through);
      socket.destroy();
    },
  };
}

/** Somebody goes on writing after we have ended: a program passes it on. */
function passOn(reader: number, to: number): void {
  // Opened anew: what we read from does not wait for data.
  const fd = openSync(`/proc/self/fd/${reader}`, constants.O_RDONLY);
  const child = spawn('cat', [], { stdio: [fd, to, 'ignore'], detached: true });
  child.on('error', () => {});
  child.unref();
  closeSync(fd);
}
