import { canonicalJson, sha256Hex } from '../kernel/index.ts';
import type { Piece, PieceEntry } from '../layers/index.ts';
import { ENTRY_SCRIPT, JUPYTER_SCRIPT, PROFILE_SCRIPT } from './entryScript.ts';
import { FORBIDDEN_PAGE, JUPYTER_CONFIG, JUPYTER_LAUNCHER } from './jupyterConfig.ts';
import { INSIDE } from './layout.ts';

/** Raised when the way the piece is made changes (its contents are in the key anyway). */
const FORMAT = 1;

interface Planned {
  path: string;
  mode: number;
  content?: string;
  target?: string;
}

/** Sorted by path; parents as Debian's base-files has them. */
const PLAN: readonly Planned[] = [
  { path: 'etc', mode: 0o755 },
  { path: 'etc/jupyter', mode: 0o755 },
  { path: INSIDE.jupyterConfig.slice(1), mode: 0o644, content: JUPYTER_CONFIG },
  { path: 'etc/profile.d', mode: 0o755 },
  { path: 'etc/profile.d/torchrig.sh', mode: 0o644, content: PROFILE_SCRIPT },
  { path: 'opt', mode: 0o755 },
  { path: 'opt/torchrig', mode: 0o755 },
  { path: 'opt/torchrig/bin', mode: 0o755 },
  { path: INSIDE.entry.slice(1), mode: 0o755, content: ENTRY_SCRIPT },
  { path: INSIDE.jupyter.slice(1), mode: 0o755, content: JUPYTER_SCRIPT },
  { path: 'opt/torchrig/lib', mode: 0o755 },
  { path: INSIDE.launcher.slice(1), mode: 0o644, content: JUPYTER_LAUNCHER },
  { path: 'opt/torchrig/share', mode: 0o755 },
  { path: 'opt/torchrig/share/jupyter', mode: 0o755 },
  { path: INSIDE.templates.slice(1), mode: 0o755 },
  { path: `${INSIDE.templates.slice(1)}/403.html`, mode: 0o644, content: FORBIDDEN_PAGE },
  { path: 'root', mode: 0o700 },
  { path: 'root/workspace', mode: 0o777, target: INSIDE.workspace },
  { path: INSIDE.workspace.slice(1), mode: 0o755 },
];

/**
 * The files that rig puts into every image: entry scripts, Jupyter's settings, the login profile, the workspace folder and its link.
 * `epoch`: seconds since 1970, the lock's. A pure function of it.
 */
export function runtimePiece(options: { epoch: number }): Piece {
  const entries = PLAN.map((planned) => entryOf(planned, options.epoch));
  const key = sha256Hex(
    canonicalJson({ kind: 'generated', format: FORMAT, epoch: options.epoch, plan: PLAN }),
  );
  return { key, kind: 'generated', name: 'torchrig-runtime', title: 'torchrig runtime files', entries };
}

function entryOf({ path, mode, content, target }: Planned, mtime: number): PieceEntry {
  const common = { path, mode, uid: 0, gid: 0, mtime };
  if (target !== undefined) return { ...common, type: 'symlink', size: 0, target };
  if (content === undefined) return { ...common, type: 'dir', size: 0 };
  const bytes = new TextEncoder().encode(content);
  return { ...common, type: 'file', size: bytes.length, content: { from: 'inline', bytes } };
}
