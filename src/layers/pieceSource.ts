import type { Piece } from './piece.ts';

/**
 * A piece by its key, with the listing still to be read: building an image whose layers are cached needs keys alone.
 */
export interface PieceSource {
  key: string;
  kind: Piece['kind'];
  name: string;
  title: string;
  /** Compressed bytes of the input (size of the wheel or .deb): decides the grouping, so it must be a pure function of the key. */
  weight: number;
  load(): Promise<Piece>;
}

/** A piece that is in memory already. */
export function loadedPiece(piece: Piece, weight?: number): PieceSource {
  const { key, kind, name, title } = piece;
  const size = weight ?? piece.entries.reduce((sum, entry) => sum + entry.size, 0);
  return { key, kind, name, title, weight: size, load: () => Promise.resolve(piece) };
}
