import type { Progress } from '../kernel/index.ts';

/** What a command hands back; main prints it. */
export interface Outcome {
  /** The document of `--json`; undefined for commands that streamed their output. */
  data?: unknown;
  /** What a person reads on stdout. */
  text?: string;
  /** Any code for commands that pass on the code of what they ran. */
  exitCode?: number;
}

/** Everything a handler may know of the call besides its own flags. */
export interface Call {
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Words after the first `--`. */
  rest: readonly string[];
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  /** `--yes`: answer every confirmation with yes. */
  yes: boolean;
  /** Aborted by Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  progress: Progress;
  /** A line for people, on stderr; silent under `--quiet`. */
  say(line: string): void;
  /** One line on stdout at once, for streams (`logs -f`). */
  stream(line: string): void;
  /** Takes the progress display off the screen before a program gets the terminal. */
  releaseTerminal(): void;
  colors: Colors;
}

export interface Colors {
  bold: (text: string) => string;
  dim: (text: string) => string;
  red: (text: string) => string;
  green: (text: string) => string;
  yellow: (text: string) => string;
  cyan: (text: string) => string;
}

export type Handler<FLAGS, ARGS extends readonly unknown[]> = (
  call: Call,
  flags: FLAGS,
  ...args: ARGS
) => Promise<Outcome>;
