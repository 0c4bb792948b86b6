/** What `rig explain CODE` says of an error; kept beside the code that raises it. */
export interface ErrorEntry {
  /** One line: what this error means. */
  title: string;
  /** Why it happens and what to do, in full sentences. */
  explanation: string;
}

/** Codes are permanent: `RIG-<ROOM>-<NNN>`. */
export type ErrorCode = `RIG-${string}-${string}`;
export type ErrorCatalogue = Readonly<Record<ErrorCode, ErrorEntry>>;

/** Exit codes of the command line (docs/contract.md). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  incompatible: 3,
  source: 4,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface RigErrorOptions {
  /** Why it happened, one sentence. */
  why?: string;
  /** The command or edit that mends it. */
  hint?: string;
  /** Machine-readable facts for `--json`; never a secret. */
  details?: Record<string, unknown>;
  exitCode?: ExitCode;
  cause?: unknown;
}

/** An error a user can do something about. Anything else that is thrown is a bug of ours. */
export class RigError extends Error {
  override readonly name = 'RigError';
  readonly code: ErrorCode;
  readonly why: string | undefined;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown> | undefined;
  readonly exitCode: ExitCode;

  constructor(code: ErrorCode, message: string, options: RigErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.why = options.why;
    this.hint = options.hint;
    this.details = options.details;
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}

export function isRigError(error: unknown): error is RigError {
  return error instanceof RigError;
}

/** The `code` of a Node system error (`ENOENT`, ...), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export const KERNEL_ERRORS: ErrorCatalogue = {
  'RIG-KERNEL-001': {
    title: 'a file cannot be locked',
    explanation:
      'rig keeps two runs apart with locks that die with their process, by the program flock of util-linux. Either it is missing, or ' +
      'TORCHRIG_HOME cannot be written.',
  },
  'RIG-KERNEL-002': {
    title: 'TORCHRIG_HOME cannot be used',
    explanation:
      'Everything rig keeps lies in one folder: TORCHRIG_HOME, else torchrig below XDG_DATA_HOME, else ~/.local/share/torchrig. It must ' +
      'be writable, on a disk with room: an environment of PyTorch takes about 10 GB.',
  },
};
