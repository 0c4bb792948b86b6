export type { ContentRef, Piece, PieceEntry } from './piece.ts';
