import { crc32 } from 'node:zlib';
import { byteOrder } from './debian/byteOrder.ts';
import type { Piece, PieceEntry } from './piece.ts';

/** An entry and the piece it comes from. */
export interface MergedEntry {
  entry: PieceEntry;
  piece: Piece;
}

/** Two pieces have something else at one path. */
export interface Conflict {
  path: string;
  /** Titles. */
  loser: string;
  winner: string;
}

export interface MergedPieces {
  /** Sorted by the bytes of their paths. */
  entries: MergedEntry[];
  conflicts: Conflict[];
}

/**
 * The union of pieces, later ones winning: the same rule by which a container engine stacks layers (OCI image layer specification,
 * "Applying changesets"). A file replaces a whole folder, a folder replaces a file; of two folders the later gives mode and owner.
 */
export function mergePieces(pieces: readonly Piece[]): MergedPieces {
  const merged = new Map<string, MergedEntry>();
  const conflicts: Conflict[] = [];
  for (const piece of pieces)
    for (const entry of piece.entries) {
      const known = merged.get(entry.path);
      if (known && known.piece !== piece && isConflict(known.entry, entry))
        conflicts.push({ path: entry.path, loser: known.piece.title, winner: piece.title });
      if (known?.entry.type === 'dir' && entry.type !== 'dir') dropBelow(merged, entry.path);
      merged.set(entry.path, { entry, piece });
    }
  const entries = [...merged.values()].sort((a, b) => byteOrder(a.entry.path, b.entry.path));
  return { entries, conflicts };
}

function dropBelow(merged: Map<string, MergedEntry>, folder: string): void {
  for (const path of merged.keys()) if (path.startsWith(`${folder}/`)) merged.delete(path);
}

function isConflict(a: PieceEntry, b: PieceEntry): boolean {
  if (a.type !== b.type) return true;
  if (a.type === 'dir') return false;
  if (a.mode !== b.mode || a.target !== b.target || a.size !== b.size) return true;
  return a.type === 'file' && a.size > 0 && (sumOf(a) === undefined || sumOf(a) !== sumOf(b));
}

function sumOf({ content }: PieceEntry): number | undefined {
  if (content?.from === 'blob') return content.crc32;
  return content?.from === 'inline' ? crc32(content.bytes) : undefined;
}
