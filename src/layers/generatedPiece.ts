import { RigError, canonicalJson, sha256Hex } from '../kernel/index.ts';
import { ENV_ROOT, LAYER_FORMAT } from './format.ts';
import type { Piece, PieceEntry } from './piece.ts';
import { folderEntry, inlineEntry, linkEntry, sortedWithParents } from './pieceEntries.ts';

/** A file, folder or link that rig writes itself. Paths are relative to the image's root. */
export type GeneratedFile = { path: string; mode?: number; uid?: number; gid?: number } & (
  | { content: string | Uint8Array }
  | { folder: true }
  | { target: string }
);

/**
 * A piece of generated files: mode 0644 (folders 0755) unless given, root's, fixed time; missing parents are added.
 * Its key is a function of all of that. Throws RIG-LAYERS-013 for a path outside the image or given twice.
 */
export function generatedPiece(name: string, files: readonly GeneratedFile[]): Piece {
  const seen = new Set<string>();
  const entries = files.map((file) => {
    const parts = file.path.split('/');
    const bad =
      parts.some((part) => part === '' || part === '.' || part === '..') || /[\0\\]/.test(file.path);
    if (bad || seen.has(file.path))
      throw new RigError(
        'RIG-LAYERS-013',
        `${name}: ${JSON.stringify(file.path)} is ${bad ? 'no path in the image' : 'given twice'}`,
      );
    seen.add(file.path);
    return generatedEntry(file);
  });
  const all = sortedWithParents(entries);
  const identity = all.map(({ content, ...entry }) => ({
    ...entry,
    ...(content?.from === 'inline' ? { sha256: sha256Hex(content.bytes) } : {}),
  }));
  const key = sha256Hex(canonicalJson({ kind: 'generated', format: LAYER_FORMAT, name, entries: identity }));
  return { key, kind: 'generated', name, title: name, entries: all };
}

function generatedEntry(file: GeneratedFile): PieceEntry {
  const entry =
    'content' in file
      ? inlineEntry(file.path, file.mode ?? 0o644, Buffer.from(file.content))
      : 'target' in file
        ? linkEntry(file.path, file.target)
        : folderEntry(file.path, file.mode ?? 0o755);
  return { ...entry, uid: file.uid ?? 0, gid: file.gid ?? 0 };
}

/**
 * The frame of a Python environment: what `python -m venv` would make, without running it.
 * @param python `3.11`; its interpreter is Debian's /usr/bin/python3.11
 */
export function environmentPiece(options: { python: string; envRoot?: string }): Piece {
  const { python, envRoot = ENV_ROOT } = options;
  const at = (path: string): string => `${envRoot}/${path}`;
  const settings = [
    'home = /usr/bin',
    'include-system-site-packages = false',
    `version = ${python}`,
    `executable = /usr/bin/python${python}`,
    '',
  ];
  return generatedPiece(`python environment ${python}`, [
    { path: at('pyvenv.cfg'), content: settings.join('\n') },
    { path: at('bin/python'), target: `/usr/bin/python${python}` },
    { path: at('bin/python3'), target: 'python' },
    { path: at(`bin/python${python}`), target: 'python' },
    { path: at('lib64'), target: 'lib' },
    { path: at(`lib/python${python}/site-packages`), folder: true },
    { path: at('include'), folder: true },
  ]);
}
