import {
  chmodSync,
  closeSync,
  lchownSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { errnoOf } from '../kernel/index.ts';
import type { Piece, PieceEntry } from './piece.ts';
import { OWNS_AS_ROOT, unpackEntries, writeNewFile } from './unpackEntries.ts';
import { installWheel, type WheelInput } from './wheelPiece.ts';
import type { InstallStep } from './wheelScheme.ts';

/** The last step of a tree: what is not written yet, then modes and times of folders. */
export type SettleJob = { kind: 'settle'; root: string } & (
  | { piece: Piece }
  /** A stored, verified wheel, whose plain entries (`kind: 'copy'`) are unpacked already. */
  | { wheel: WheelInput; storedPath: string }
);

/** Completes a tree so that it equals its piece. Throws RIG-LAYERS-001 to -009 and system errors. */
export function settleTree(job: SettleJob): void {
  const { piece, copies } = 'piece' in job ? { ...job, copies: [] } : installWheel(job.wheel, job.storedPath);
  for (const entry of piece.entries) if (entry.type !== 'file') writeFrame(job.root, entry);
  for (const entry of piece.entries)
    if (entry.content?.from === 'inline')
      writeInline(`${job.root}/${entry.path}`, entry, entry.content.bytes);
  // Commands (.data/scripts) that need no rewriting.
  if ('wheel' in job)
    unpackRest(
      job,
      copies.filter(({ kind }) => kind === 'script'),
    );
  for (const entry of piece.entries.toReversed())
    if (entry.type === 'dir') utimesSync(`${job.root}/${entry.path}`, entry.mtime, entry.mtime);
}

function writeFrame(root: string, entry: PieceEntry): void {
  const path = `${root}/${entry.path}`;
  if (entry.type === 'symlink') {
    symlinkSync(entry.target ?? '', path);
    lutimesSync(path, entry.mtime, entry.mtime);
  } else {
    makeFolder(path, entry.mode);
    if ((process.umask() & entry.mode) !== 0 || (entry.mode & 0o7000) !== 0) chmodSync(path, entry.mode);
  }
  if (OWNS_AS_ROOT && entry.uid + entry.gid + (process.getgid?.() ?? 0) > 0)
    lchownSync(path, entry.uid, entry.gid);
}

/** Makes a folder whose parent exists, unless it is there. */
export function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function writeInline(path: string, entry: PieceEntry, bytes: Uint8Array): void {
  writeNewFile(path, entry.mode & 0o777, (write) => write(Buffer.from(bytes)));
  if (OWNS_AS_ROOT && entry.uid + entry.gid > 0) lchownSync(path, entry.uid, entry.gid);
  if ((entry.mode & 0o7000) !== 0) chmodSync(path, entry.mode);
}

function unpackRest(
  job: { wheel: WheelInput; storedPath: string; root: string },
  entries: InstallStep[],
): void {
  if (entries.length === 0) return;
  const fd = openSync(job.storedPath, 'r');
  try {
    unpackEntries({ kind: 'unpack', fd, wheel: job.wheel.file, root: job.root, entries });
  } finally {
    closeSync(fd);
  }
}
