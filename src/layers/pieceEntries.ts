import { byteOrder } from './debian/byteOrder.ts';
import { FIXED_MTIME } from './format.ts';
import type { ContentRef, PieceEntry } from './piece.ts';

/** An entry of root's with the fixed time. */
export function fileEntry(path: string, mode: number, size: number, content: ContentRef): PieceEntry {
  return { path, type: 'file', mode, uid: 0, gid: 0, mtime: FIXED_MTIME, size, content };
}

export function inlineEntry(path: string, mode: number, bytes: Uint8Array): PieceEntry {
  return fileEntry(path, mode, bytes.length, { from: 'inline', bytes });
}

export function folderEntry(path: string, mode = 0o755): PieceEntry {
  return { path, type: 'dir', mode, uid: 0, gid: 0, mtime: FIXED_MTIME, size: 0 };
}

export function linkEntry(path: string, target: string): PieceEntry {
  return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: FIXED_MTIME, size: 0, target };
}

/** Folder part of an image path, '' at the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The entries with all missing parent folders (0755, root), sorted by the bytes of their paths. */
export function sortedWithParents(entries: readonly PieceEntry[]): PieceEntry[] {
  const all = new Map(entries.map((entry) => [entry.path, entry]));
  for (const entry of entries)
    for (let folder = parentOf(entry.path); folder !== '' && !all.has(folder); folder = parentOf(folder))
      all.set(folder, folderEntry(folder));
  return [...all.values()].sort((a, b) => byteOrder(a.path, b.path));
}
