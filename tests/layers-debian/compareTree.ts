import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Piece, PieceEntry } from '../../src/layers/index.ts';

/** A path as the comparison sees it. Folders' times are left out: they depend on the order of installation. */
export interface Seen {
  type: string;
  mode: number;
  owner: string;
  mtime: number;
  /** Link target, or sha256 of the content. */
  what: string;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The union of pieces, later ones winning, with the content's hash of every file. */
export function seenInPieces(pieces: readonly Piece[], trees: string): Map<string, Seen> {
  const union = new Map<string, { entry: PieceEntry; key: string }>();
  for (const { key, entries } of pieces) for (const entry of entries) union.set(entry.path, { entry, key });
  const seen = new Map<string, Seen>();
  for (const [path, { entry, key }] of union) {
    const { type, mode, uid, gid, mtime, content } = entry;
    const inline = content?.from === 'inline' ? content.bytes : undefined;
    const what =
      type === 'symlink'
        ? (entry.target ?? '')
        : type === 'dir'
          ? ''
          : sha256(inline ?? readFileSync(join(trees, key, path)));
    seen.set(path, { type, mode, owner: `${uid}:${gid}`, mtime, what });
  }
  return seen;
}

/** The same of a folder on disk. */
export function seenOnDisk(root: string, folder = '', seen = new Map<string, Seen>()): Map<string, Seen> {
  for (const name of readdirSync(join(root, folder))) {
    const path = folder === '' ? name : `${folder}/${name}`;
    const at = join(root, path);
    const facts = lstatSync(at);
    const rest = { owner: `${facts.uid}:${facts.gid}`, mtime: Math.floor(facts.mtimeMs / 1000) };
    if (facts.isSymbolicLink()) {
      seen.set(path, { type: 'symlink', mode: 0o777, what: readlinkSync(at), ...rest });
    } else if (facts.isDirectory()) {
      seen.set(path, { type: 'dir', mode: facts.mode & 0o7777, what: '', ...rest });
      seenOnDisk(root, path, seen);
    } else if (facts.isFile()) {
      seen.set(path, { type: 'file', mode: facts.mode & 0o7777, what: sha256(readFileSync(at)), ...rest });
    } else seen.set(path, { type: 'device', mode: facts.mode & 0o7777, what: '', ...rest });
  }
  return seen;
}

/** Paths that only one side has or that differ, in words. `generated`: paths whose time is the epoch of the image, not of a package. */
export function differences(
  ours: ReadonlyMap<string, Seen>,
  real: ReadonlyMap<string, Seen>,
  generated: ReadonlySet<string>,
): string[] {
  const found: string[] = [];
  for (const [path, want] of real) {
    const have = ours.get(path);
    if (!have) found.push(`only real: ${path}`);
    else if (have.type !== want.type || have.what !== want.what) {
      found.push(`content: ${path}: ${have.type} ${have.what} instead of ${want.type} ${want.what}`);
    } else if (have.mode !== want.mode || have.owner !== want.owner) {
      found.push(
        `access: ${path}: ${have.mode.toString(8)} ${have.owner} instead of ${want.mode.toString(8)} ${want.owner}`,
      );
    } else if (have.type !== 'dir' && have.mtime !== want.mtime && !generated.has(path)) {
      found.push(`time: ${path}: ${have.mtime} instead of ${want.mtime}`);
    }
  }
  for (const path of ours.keys()) if (!real.has(path)) found.push(`only ours: ${path}`);
  return found.sort();
}
