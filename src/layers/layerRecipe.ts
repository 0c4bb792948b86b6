import { crc32 } from 'node:zlib';
import { RigError } from '../kernel/index.ts';
import type { DeflatedTree } from './deflateTree.ts';
import { mergePieces } from './mergePieces.ts';
import type { ContentRef, Piece, PieceEntry } from './piece.ts';
import { TAR_END, tarHeader, tarPadding } from './tarHeader.ts';

/** How a layer's bytes are put together; plain data that can be sent to a thread. */
export interface LayerRecipe {
  /** Absolute paths that ranges refer to. */
  files: string[];
  /** The tar bytes between contents: padding, headers, end blocks; all of them joined. */
  heads: Uint8Array;
  items: LayerItem[];
}

/** Some tar headers and the content of the file that the last of them announces. */
export interface LayerItem {
  /** Bytes of `heads` that belong here. */
  head: number;
  /** Bytes of content; 0 only in the last item. */
  size: number;
  crc32: number;
  content?: Range | { bytes: Uint8Array };
  /** The content in an unpacked tree, when there is one. */
  tree?: { path: string; mtime: number };
}

/** Deflate stream or plain bytes in a file. */
export interface Range {
  file: number;
  offset: number;
  length: number;
  method: 'deflate' | 'stored';
}

/** What contents are resolved with. */
export interface ContentSources {
  /** Path of a stored file. */
  storedPath: (sha256: string) => string;
  /** Compressed trees of the pieces whose content is `tree`. */
  deflated: ReadonlyMap<string, DeflatedTree>;
  /** Unpacked tree of a piece, if there is one: saves inflating. */
  tree?: (key: string) => string | undefined;
}

const ZEROS = Buffer.alloc(512);

/** The recipe of the layer that holds these pieces, later ones winning. Throws RIG-LAYERS-012 when a content has no source. */
export function layerRecipe(pieces: readonly Piece[], sources: ContentSources): LayerRecipe {
  const heads: Buffer[] = [];
  const items: LayerItem[] = [];
  const files = new Map<string, number>();
  let head = 0;
  const addHead = (bytes: Buffer): void => {
    heads.push(bytes);
    head += bytes.length;
  };
  const fileIndex = (path: string): number => {
    const index = files.get(path) ?? files.size;
    files.set(path, index);
    return index;
  };
  let padding = 0;
  for (const { entry, piece } of mergePieces(pieces).entries) {
    addHead(ZEROS.subarray(0, padding));
    addHead(tarHeader(entry));
    padding = 0;
    if (entry.type !== 'file' || entry.size === 0) continue;
    const found = resolveContent(entry, piece, { sources, fileIndex });
    const tree = sources.tree?.(piece.key);
    items.push({
      head,
      size: entry.size,
      ...found,
      ...(tree === undefined ? {} : { tree: { path: `${tree}/${entry.path}`, mtime: entry.mtime } }),
    });
    head = 0;
    padding = tarPadding(entry.size);
  }
  addHead(Buffer.alloc(padding + TAR_END));
  items.push({ head, size: 0, crc32: 0 });
  return { files: [...files.keys()], heads: Buffer.concat(heads), items };
}

function resolveContent(
  entry: PieceEntry,
  piece: Piece,
  { sources, fileIndex }: { sources: ContentSources; fileIndex: (path: string) => number },
): Pick<LayerItem, 'crc32'> & { content: Range | { bytes: Uint8Array } } {
  const content: ContentRef | undefined = entry.content;
  if (content?.from === 'inline') return { crc32: crc32(content.bytes), content: { bytes: content.bytes } };
  if (content?.from === 'blob') {
    const { offset, length, method } = content;
    return {
      crc32: content.crc32,
      content: { file: fileIndex(sources.storedPath(content.sha256)), offset, length, method },
    };
  }
  const tree = sources.deflated.get(piece.key);
  const range = tree?.ranges.get(entry.path);
  if (!tree || !range)
    throw new RigError('RIG-LAYERS-012', `${piece.title}: the content of ${entry.path} is not in the store`);
  const { offset, length, method } = range;
  return { crc32: range.crc32, content: { file: fileIndex(tree.path), offset, length, method } };
}
