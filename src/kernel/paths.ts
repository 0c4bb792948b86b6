import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Everything rig writes lies below `root`, but for the user's own files (contract, "Conventions"). */
export interface HomeLayout {
  root: string;
  /** Verified downloads by content: `files/sha256/ab/<hex>`. */
  files: string;
  /** Unpacked pieces by key, ready to be hard-linked. */
  trees: string;
  /** Merged root file systems by image key. */
  roots: string;
  /** Layer recipes, diffIDs and deflated members, all re-creatable. */
  cache: string;
  /** One folder an environment: state, writable layer, token, logs. */
  envs: string;
  /** Tools rig obtained for itself (uv). */
  tools: string;
  /** Compatibility tables the user updated. */
  tables: string;
  /** Locks of presets that had to be renewed, because a mirror dropped a package. */
  presets: string;
  /** Scratch on the same file system as the rest, so that renames are atomic. */
  tmp: string;
  locks: string;
}

export function homeRoot(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['TORCHRIG_HOME'];
  if (own) return resolve(own);
  const xdg = env['XDG_DATA_HOME'];
  return xdg ? join(resolve(xdg), 'torchrig') : join(env['HOME'] ?? homedir(), '.local', 'share', 'torchrig');
}

export function homeLayout(root: string = homeRoot()): HomeLayout {
  const at = (name: string): string => join(root, name);
  return {
    root,
    files: at('files'),
    trees: at('trees'),
    roots: at('roots'),
    cache: at('cache'),
    envs: at('envs'),
    tools: at('tools'),
    tables: at('tables'),
    presets: at('presets'),
    tmp: at('tmp'),
    locks: at('locks'),
  };
}
