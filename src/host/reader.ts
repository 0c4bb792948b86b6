/** Answer of one look at the machine: what is there, or why it could not be seen. */
export type Look<T> =
  | { ok: true; value: T }
  | { ok: false; why: 'missing' | 'denied' | 'failed'; message: string };

export interface Outcome {
  /** False when there is no such program. */
  found: boolean;
  code: number | null;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

export interface FileSystemFacts {
  total: number;
  free: number;
  /** `ext4`, `tmpfs`, ... from the mount table. */
  type: string | null;
}

/**
 * The one seam through which facts about a machine are read: the real machine, or a recorded one. No method throws.
 */
export interface HostReader {
  readFile(path: string): Promise<Look<string>>;
  /** Sorted names. */
  readdir(path: string): Promise<Look<string[]>>;
  readlink(path: string): Promise<Look<string>>;
  exists(path: string): Promise<boolean>;
  writable(path: string): Promise<boolean>;
  statfs(path: string): Promise<Look<FileSystemFacts>>;
  /** `timeout` in milliseconds. */
  exec(command: string, args: readonly string[], options: { timeout: number }): Promise<Outcome>;
  /** `process.platform`, `process.arch` and ids of the machine. */
  identity: {
    platform: string;
    arch: string;
    uid: number | null;
    env: Readonly<Record<string, string | undefined>>;
  };
}

/** The text of a file, or undefined for whatever reason: for facts whose absence means nothing. */
export async function textOf(reader: HostReader, path: string): Promise<string | undefined> {
  const look = await reader.readFile(path);
  return look.ok ? look.value : undefined;
}

/** The entries of a folder, or none. */
export async function namesIn(reader: HostReader, path: string): Promise<string[]> {
  const look = await reader.readdir(path);
  return look.ok ? look.value : [];
}
