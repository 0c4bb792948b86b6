import { EXIT, RigError, errnoOf, formatBytes, messageOf } from '../kernel/index.ts';

/** Turns what the disk says into an error that names the folder; anything else is passed on unchanged. */
export function diskFailure(error: unknown, folder: string): unknown {
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new RigError('RIG-STORE-004', `the disk is full: ${folder}`, {
      why: messageOf(error),
      hint: 'free some space (rig gc removes what no environment needs), or set TORCHRIG_HOME to a larger disk; what was fetched is kept',
      exitCode: EXIT.failed,
      details: { folder },
      cause: error,
    });
  // Node's recursive mkdir says ENOENT on a read-only disk
  const isMkdir = (error as NodeJS.ErrnoException | null)?.syscall === 'mkdir';
  if (['EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOTDIR'].includes(code ?? '') || (code === 'ENOENT' && isMkdir))
    return new RigError('RIG-STORE-005', `cannot write to ${folder}`, {
      why:
        isMkdir && code === 'ENOENT'
          ? 'folders cannot be made there: the disk is read-only'
          : messageOf(error),
      hint: 'set TORCHRIG_HOME to a folder that you can write to',
      exitCode: EXIT.failed,
      details: { folder },
      cause: error,
    });
  return error;
}

export function noSpace(folder: string, needed: number, free: number): RigError {
  return new RigError(
    'RIG-STORE-004',
    `not enough disk space in ${folder}: ${formatBytes(needed)} needed, ${formatBytes(free)} free`,
    {
      why: `${needed} bytes are missing from the store or will be unpacked, ${free} bytes are free`,
      hint: 'free some space (rig gc removes what no environment needs), or set TORCHRIG_HOME to a larger disk',
      exitCode: EXIT.failed,
      details: { folder, needed, free },
    },
  );
}

/** A place has answered, and its answer will not get better by asking again. */
export class Refusal extends Error {
  /** It has another file of this name. */
  readonly isMismatch: boolean;
  /** It has no such file. */
  readonly isGone: boolean;
  constructor(message: string, options: { isMismatch?: boolean; isGone?: boolean } = {}) {
    super(message);
    this.isMismatch = options.isMismatch ?? false;
    this.isGone = options.isGone ?? false;
  }
}

export function mismatch(label: string, kind: 'sha256' | 'size', wanted: string, got: string): RigError {
  return new RigError('RIG-STORE-002', `${label}: the ${kind} is ${got}, but ${wanted} was expected`, {
    why: 'the package source sent other bytes than those that were locked; they were thrown away',
    hint: 'check the package source (a damaged mirror or proxy?); if the file was replaced on purpose: rig lock --upgrade',
    exitCode: EXIT.source,
    details: { file: label, [kind]: { wanted, got } },
  });
}

/** `gone`: every place answered that it has no such file. */
export function notFetched(label: string, tried: readonly string[], gone = false): RigError {
  return new RigError('RIG-STORE-003', `cannot fetch ${label}`, {
    why: tried.length > 0 ? tried.join('; ') : 'no package source has it',
    hint: 'check the network and the package sources (pip config list, apt sources), then run the same command again: it goes on where it stopped',
    exitCode: EXIT.source,
    details: { file: label, tried, gone },
  });
}

/** A source that failed, with the file that was wanted of it; anything else is passed on unchanged. */
export function wantedOf(error: unknown, label: string): unknown {
  if (!(error instanceof RigError) || error.exitCode !== EXIT.source) return error;
  // The message of a connection that failed has its reason already.
  const reason = error.why && !error.message.includes(error.why) ? `${error.why}; ` : '';
  return new RigError(error.code, error.message, {
    why: `${reason}${label} was wanted of it`,
    ...(error.hint !== undefined && { hint: error.hint }),
    exitCode: error.exitCode,
    details: { ...error.details, file: label },
    cause: error,
  });
}
