import { readFile, readdir } from 'node:fs/promises';
import { errnoOf, writeFileAtomic } from '../kernel/index.ts';
import type { SandboxMode } from './engine.ts';
import type { EnvironmentFolder } from './environmentFolder.ts';

/** What is kept of an environment between runs of rig: `state.json`, written whole before every start. */
export interface StoredState {
  version: 1;
  name: string;
  /** Decided when the environment was made, and never changed: the writable layer's files have owners after it. */
  mode: SandboxMode;
  imageDigest: string;
  lower: string;
  created: string;
  started: string;
  workspace: string;
  workdir: string;
  /** What a command inside gets; the user's values, no secrets of rig's. */
  env: Record<string, string>;
  ports: Record<string, number>;
  labels: Record<string, string>;
  cgroups: string[];
  oomScore: number;
  /** Words before the first process that limit it: `taskset -c 0-3`. */
  limiters: string[];
  toolbox: string;
  loader: string | null;
  /** The host's Python that loads the filter of a box with a single id; null where none is needed or found. */
  python: string | null;
  /** Without namespaces: what runs a command inside. */
  proot: { words: string[]; env: Record<string, string> } | null;
  notices: string[];
}

/** Undefined when there is none, or none that can be understood. */
export async function readState(folder: EnvironmentFolder): Promise<StoredState | undefined> {
  try {
    const state = JSON.parse(await readFile(folder.state, 'utf8')) as StoredState;
    return state.version === 1 ? state : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function writeState(folder: EnvironmentFolder, state: StoredState): Promise<void> {
  await writeFileAtomic(folder.state, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}

/** Names below `envs` that have a state file. */
export async function storedNames(envs: string): Promise<string[]> {
  try {
    const entries = await readdir(envs, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
