import { parentPort } from 'node:worker_threads';
import { RigError, errnoOf, isRigError, type ErrorCode, type RigErrorOptions } from '../kernel/index.ts';

/** What crosses the thread boundary when a handler throws; structured clone would lose our fields. */
export interface PlainError {
  message: string;
  stack: string | undefined;
  /** Of a RigError. */
  rig?: { code: ErrorCode; options: RigErrorOptions };
  /** Of a system error: `ENOSPC`. */
  errno?: string;
}

export type WorkerReply = { ok: true; value: unknown } | { ok: false; error: PlainError };

function plainError(error: unknown): PlainError {
  const plain: PlainError = {
    message: error instanceof Error ? error.message : String(error),
    stack: error instanceof Error ? error.stack : undefined,
  };
  const errno = errnoOf(error);
  if (isRigError(error)) {
    const options: RigErrorOptions = { exitCode: error.exitCode };
    if (error.why !== undefined) options.why = error.why;
    if (error.hint !== undefined) options.hint = error.hint;
    if (error.details !== undefined) options.details = error.details;
    plain.rig = { code: error.code, options };
  } else if (errno !== undefined) plain.errno = errno;
  return plain;
}

/** The error a worker threw, with its class, code and stack. */
export function reviveError(plain: PlainError): Error {
  const error = plain.rig
    ? new RigError(plain.rig.code, plain.message, plain.rig.options)
    : Object.assign(new Error(plain.message), plain.errno === undefined ? {} : { code: plain.errno });
  if (plain.stack !== undefined) error.stack = plain.stack;
  return error;
}

/** In a worker file: answers each job of the pool, one at a time. */
export function serveWorker(handle: (job: never) => unknown): void {
  const port = parentPort;
  if (!port) throw new Error('not in a worker thread');
  port.on('message', (job: unknown) => {
    void answer(job);
  });
  async function answer(job: unknown): Promise<void> {
    let reply: WorkerReply;
    try {
      reply = { ok: true, value: await handle(job as never) };
    } catch (error) {
      reply = { ok: false, error: plainError(error) };
    }
    port?.postMessage(reply);
  }
}
