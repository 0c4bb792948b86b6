import type { ChildProcess, StdioOptions } from 'node:child_process';

/** Something that can run an image. One interface, whatever is underneath. */
export interface Engine {
  readonly name: EngineName;
  /** Whether it works here, found out by doing. */
  probe(): Promise<Probe>;
  /** Starts an environment, or returns the one that runs already. The caller may end; the environment lives on. */
  start(request: EnvironmentStart): Promise<Started>;
  /** Runs a command inside and resolves to its exit code (128 + signal number when a signal ended it). */
  exec(name: string, request: ExecRequest): Promise<number>;
  /** The same, as a child process whose streams the caller owns. */
  spawn(name: string, request: SpawnRequest): Promise<ChildProcess>;
  /** TERM to the init, KILL after `timeoutMs`. Stopping what is stopped is no error. */
  stop(name: string, options?: { timeoutMs?: number }): Promise<void>;
  /** Forgets an environment; with `purge` its writable layer too. The user's workspace is never touched. */
  remove(name: string, options: { purge: boolean }): Promise<void>;
  status(name: string): Promise<EnvironmentStatus>;
  list(): Promise<EnvironmentStatus[]>;
  /** Pieces of the main command's output; with `follow` until the environment ends or `signal` aborts. */
  logs(name: string, options?: LogOptions): AsyncIterable<Buffer>;
}

export type EngineName = 'sandbox' | 'docker' | 'podman';

export interface Probe {
  usable: boolean;
  /** `user namespaces with a range of ids`, `no daemon answers`. */
  reason: string;
  /** What the user may do about it. */
  hints: string[];
  /** How the sandbox would isolate; undefined for other engines or when unusable. */
  mode?: SandboxMode;
}

/**
 * How identities inside relate to the machine's (recorded when an environment is made, never changed):
 * `root`: the same; `range`: 0 is the caller, 1.. his subordinate ids; `single`: 0 is the caller, nothing else;
 * `proot`: no namespaces at all, paths are rewritten by ptrace.
 */
export type SandboxMode = 'root' | 'range' | 'single' | 'proot';

export interface ImageConfig {
  /** `K=V`, as in an OCI image configuration. */
  env?: string[];
  entrypoint?: string[];
  cmd?: string[];
  workdir?: string;
}

export interface EnvironmentStart {
  name: string;
  /** `sha256:...` of the image; each digest has its own writable layer. */
  imageDigest: string;
  /** The merged root folder in the store. Only ever a read-only lower layer. */
  lower: string;
  image: ImageConfig;
  /** Replaces the image's cmd (and entrypoint). */
  command?: string[];
  /** Absolute host folder seen at /workspace and /root/workspace. */
  workspace: string;
  mounts?: EngineMount[];
  env?: Record<string, string>;
  /** Bytes. */
  memory?: number;
  cpus?: number;
  /** Bytes of /dev/shm. */
  shm?: number;
  gpus?: 'all' | 'none' | (number | string)[];
  /** Written inside at every start, before the command runs. */
  files?: PlacedFile[];
  hostname?: string;
  /** Host ports by service, kept in the state for `rig ps`. */
  ports?: Record<string, number>;
  /** Free facts kept in the state (never secrets). */
  labels?: Record<string, string>;
}

export interface EngineMount {
  source: string;
  target: string;
  readonly: boolean;
}

export interface PlacedFile {
  /** Absolute path inside. */
  path: string;
  content: string | Uint8Array;
  /** Default 0644. */
  mode?: number;
}

export interface Started {
  name: string;
  /** True when it ran already and nothing was done. */
  alreadyRunning: boolean;
  mode: SandboxMode;
  /** The image it runs: differs from the one asked for when it ran already with another. */
  imageDigest: string;
  pid: number;
  created: string;
  ports: Record<string, number>;
  /** Plain sentences on what is not as asked (a limit that cannot be enforced, what is not isolated). */
  notices: string[];
  /** Milliseconds this call took. */
  startMs: number;
}

export interface ExecRequest {
  command: string[];
  env?: Record<string, string>;
  /** Absolute path inside; default the image's working directory. */
  workdir?: string;
  /** A terminal inside, on the caller's: only when stdin and stdout are one. */
  tty?: boolean;
  /**
   * Told of what `exec`'s command writes on standard error, or, with a terminal, on the terminal. What it writes arrives unchanged
   * where it belongs; where listening would take a terminal from the command, or cannot be done, it is not called.
   */
  hear?: (chunk: Buffer) => void;
  /** Aborting ends the command: by TERM and, 10 s later, KILL for `exec`; by KILL at once for `spawn`. */
  signal?: AbortSignal;
}

export interface SpawnRequest extends ExecRequest {
  stdio?: StdioOptions;
}

export type EnvironmentState = 'running' | 'starting' | 'exited' | 'lost' | 'missing';

export interface EnvironmentStatus {
  name: string;
  engine: EngineName;
  /** `lost`: it ended without anybody noting how (a reboot, kill -9). */
  state: EnvironmentState;
  mode?: SandboxMode;
  imageDigest?: string;
  pid?: number;
  created?: string;
  started?: string;
  /** Of the main command, when it ended and that was seen. */
  exitCode?: number;
  /** `killed: out of memory`, `the machine was restarted`. */
  reason?: string;
  ports: Record<string, number>;
  labels: Record<string, string>;
  workspace?: string;
  notices: string[];
}

export interface LogOptions {
  follow?: boolean;
  /** Only the last lines. */
  tail?: number;
  signal?: AbortSignal;
}
