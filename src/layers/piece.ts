/**
 * A piece is the unit of assembly: one wheel, one Debian package, or one set of generated files, in image terms.
 * It is a pure function of its key. Layers are groups of pieces; the sandbox's root is the union of all of them.
 */
export interface Piece {
  /** 64 hex: sha256 over kind, input hashes, parameters and the format version. Names the unpacked tree in the store. */
  key: string;
  kind: 'wheel' | 'deb' | 'generated';
  /** `torch`, `gcc-12`: stable over versions; decides the layer group. */
  name: string;
  /** `torch 2.7.1`, for people. */
  title: string;
  /** Sorted by path (byte order); parents come before children and are always present. */
  entries: PieceEntry[];
}

export interface PieceEntry {
  /** Relative to the image's root, `/`-separated, no leading slash, no `.` or `..`. */
  path: string;
  type: 'file' | 'dir' | 'symlink';
  /** Permission bits including setuid, setgid, sticky. Symlinks: 0o777. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970. */
  mtime: number;
  /** Bytes of a file; 0 otherwise. */
  size: number;
  /** Symlink target, verbatim. */
  target?: string;
  /** Of a file. */
  content?: ContentRef;
}

/** Where a file's bytes are. */
export type ContentRef =
  /** A raw deflate stream or plain bytes inside a stored file (a wheel): splicable. */
  | {
      from: 'blob';
      sha256: string;
      offset: number;
      length: number;
      method: 'deflate' | 'stored';
      crc32: number;
    }
  /** Small generated content. */
  | { from: 'inline'; bytes: Uint8Array }
  /** Only in the piece's unpacked tree, at the same path: compressed by the pinned compressor when a layer needs it. */
  | { from: 'tree' };
