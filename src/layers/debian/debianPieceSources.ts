import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, sha256Hex, writeFileAtomic, type HomeLayout } from '../../kernel/index.ts';
import { LAYER_FORMAT } from '../format.ts';
import type { Piece, PieceEntry } from '../piece.ts';
import type { PieceSource } from '../pieceSource.ts';
import { debianPieces, type DebianOptions } from './debianPieces.ts';
import { readListing } from './debPiece.ts';
import { SLIM_RULES } from './pathFilter.ts';
import { SCRIPT_TABLE } from './scriptTable.ts';

type Head = Omit<PieceSource, 'load'>;
/** A generated entry as JSON: its bytes in base64. */
type StoredEntry = Omit<PieceEntry, 'content'> & { base64?: string };

function setKey({ debs, epoch, exclude = SLIM_RULES, table = SCRIPT_TABLE }: DebianOptions): string {
  const hashes = debs.map(({ sha256 }) => sha256).sort();
  return sha256Hex(canonicalJson({ format: LAYER_FORMAT, hashes, epoch, exclude, table }));
}

const setPath = (home: HomeLayout, key: string): string => join(home.cache, 'deb', 'set', `${key}.json`);
const basePath = (home: HomeLayout, key: string): string => join(home.cache, 'deb', 'base', `${key}.json`);

async function readJson<Value>(path: string): Promise<Value | undefined> {
  return readFile(path, 'utf8').then(
    (text) => JSON.parse(text) as Value,
    () => undefined,
  );
}

async function writeBase(home: HomeLayout, piece: Piece): Promise<void> {
  const entries = piece.entries.map(({ content, ...entry }): StoredEntry => {
    if (content?.from !== 'inline') return entry;
    return { ...entry, base64: Buffer.from(content.bytes).toString('base64') };
  });
  await writeFileAtomic(basePath(home, piece.key), JSON.stringify(entries));
}

function restored({ base64, ...entry }: StoredEntry): PieceEntry {
  if (base64 === undefined) return entry;
  return { ...entry, content: { from: 'inline', bytes: Buffer.from(base64, 'base64') } };
}

async function readBase(home: HomeLayout, key: string): Promise<PieceEntry[] | undefined> {
  const stored = await readJson<StoredEntry[]>(basePath(home, key));
  return stored?.map(restored);
}

/**
 * As debianPieces, but a set of packages seen before gives its keys at once: listings are read when a piece is loaded, and
 * what was removed since is made again then.
 */
export async function debianPieceSources(options: DebianOptions): Promise<PieceSource[]> {
  const { home, debs } = options;
  let remaking: Promise<Piece[]> | undefined;
  const remake = (): Promise<Piece[]> => {
    remaking ??= debianPieces(options).finally(() => (remaking = undefined));
    return remaking;
  };
  const load = async (head: Head): Promise<Piece> => {
    const { key, kind, name, title } = head;
    const known = kind === 'deb' ? (await readListing(home, key))?.entries : await readBase(home, key);
    if (known) return { key, kind, name, title, entries: known };
    const made = (await remake()).find((piece) => piece.key === key);
    if (!made) throw new Error(`the piece ${title} is not made of these packages`);
    return made;
  };
  const path = setPath(home, setKey(options));
  const heads = (await readJson<Head[]>(path)) ?? (await remember());
  const source = (head: Head): PieceSource => ({ ...head, load: () => load(head) });
  return heads.map(source);

  async function remember(): Promise<Head[]> {
    const sizes = new Map(debs.map(({ name, size }) => [name, size]));
    const pieces = await debianPieces(options);
    const made = pieces.map(({ key, kind, name, title, entries }): Head => {
      const bytes = entries.reduce((sum, { size }) => sum + size, 0);
      return { key, kind, name, title, weight: (kind === 'deb' ? sizes.get(name) : undefined) ?? bytes };
    });
    for (const piece of pieces) if (piece.kind === 'generated') await writeBase(home, piece);
    await writeFileAtomic(path, JSON.stringify(made));
    return made;
  }
}
