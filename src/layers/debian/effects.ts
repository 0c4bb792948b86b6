/** What a maintainer script does on a fresh install, as data. Paths are absolute and as the script names them (`/bin/nano`). */
export type Effect =
  | { kind: 'passwd-master'; passwd: string; group: string }
  | { kind: 'shadow' }
  | { kind: 'group'; name: string; gid: number }
  | { kind: 'user'; name: string; uid: number; gid: number; gecos: string; home: string; shell: string }
  | { kind: 'mkdir'; path: string; mode: string; owner: string }
  | { kind: 'file'; path: string; mode: string; owner: string; content: string }
  | { kind: 'copy'; from: string; to: string; ifDir?: string }
  | { kind: 'symlink'; path: string; to: string; ifMissing?: boolean }
  | { kind: 'dir-to-symlink'; path: string; to: string }
  | { kind: 'mode'; path: string; mode: string; owner: string }
  | { kind: 'divert'; path: string; to: string; package: string; rename?: boolean; ifDir?: string }
  | AlternativeEffect
  | { kind: 'shells'; action: 'update' }
  | { kind: 'shells'; action: 'add'; shell: string }
  | { kind: 'pam' }
  | { kind: 'ca-conf'; path: string; header: string }
  | { kind: 'ca-bundle' }
  | { kind: 'ucf'; from: string; to: string; package: string; mode: string }
  | { kind: 'ldconfig' }
  | NotedEffect;

export interface AlternativeEffect {
  kind: 'alternative';
  name: string;
  link: string;
  path: string;
  priority: number;
  slaves: { name: string; link: string; path: string }[];
  /** The script goes on where the file is missing. */
  optional?: boolean;
}

/** Output of a program of the image, which cannot be made without running it: left out, and said. */
export interface NotedEffect {
  kind: 'exec-cache';
  tool: string;
  makes: string[];
  neededBy: string;
}

/** `2755` and `0:101` of the table as numbers. */
export function modeAndOwner(effect: { mode: string; owner: string }): {
  mode: number;
  uid: number;
  gid: number;
} {
  const [uid, gid] = effect.owner.split(':').map(Number);
  return { mode: Number.parseInt(effect.mode, 8), uid: uid ?? 0, gid: gid ?? 0 };
}
