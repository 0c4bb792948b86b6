import { chmodSync, chownSync, lchownSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Piece, PieceEntry } from '../../src/layers/index.ts';

/** Puts pieces together as one root file system, later ones winning, files hard-linked from their trees. Needs root. */
export function mergePieces(pieces: readonly Piece[], trees: string, root: string): void {
  const union = new Map<string, { entry: PieceEntry; key: string }>();
  for (const { key, entries } of pieces) for (const entry of entries) union.set(entry.path, { entry, key });
  const all = [...union].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, { entry, key }] of all) {
    const at = join(root, path);
    if (entry.type === 'dir') mkdirSync(at);
    else if (entry.type === 'symlink') symlinkSync(entry.target ?? '', at);
    else if (entry.content?.from === 'inline') writeFileSync(at, entry.content.bytes);
    else {
      linkSync(join(trees, key, path), at);
      continue;
    }
    lchownSync(at, entry.uid, entry.gid);
    if (entry.type !== 'symlink') chmodSync(at, entry.mode);
  }
  chownSync(root, 0, 0);
}
