import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lchownSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Header } from 'tar-stream';
import { isRigError } from '../../kernel/index.ts';
import type { PieceEntry } from '../piece.ts';
import { FIXED_MTIME } from '../format.ts';
import { byteOrder } from './byteOrder.ts';
import { openDeb, openTar } from './debArchive.ts';
import { imagePath, shippedPath } from './imagePath.ts';
import { pathFilter, type PathRule } from './pathFilter.ts';
import { readTar, type MemberSink } from './readTar.ts';
import { damagedDeb, hostileDeb } from './refusals.ts';
import { groupId, userId } from './staticIds.ts';

/** Changes that known script effects make to the package's own files. Paths relative to the image's root. */
export interface Adjustments {
  modes: { path: string; mode: number; uid: number; gid: number }[];
  /** Not unpacked: a folder that a script turns into a link, a file that another package replaces. */
  drop: string[];
  /** Diverted by another package: unpacked under the second name. */
  renames: { from: string; to: string }[];
}

export interface UnpackJob {
  debPath: string;
  /** `gcc-12 12.2.0-14`, for messages. */
  label: string;
  /** An existing empty folder that becomes the tree. */
  into: string;
  exclude: readonly PathRule[];
  adjust: Adjustments;
  /** More than this many bytes are refused: a bomb. */
  limit: number;
  /** Give files their owners; only root can. */
  chown: boolean;
  hostPrograms?: boolean;
}

export interface Unpacked {
  /** Sorted by path, parents present. */
  entries: PieceEntry[];
  /** Every path of the tar as shipped (`/bin/ls`), excluded ones too, in its order: what dpkg keeps as `.list`. */
  shipped: string[];
}

const BITS = 0o7777;

function ownership(header: Header): { uid: number; gid: number } {
  return {
    uid: userId(header.uname || undefined, header.uid),
    gid: groupId(header.gname || undefined, header.gid),
  };
}

/** One unpacking: the tree grows on disk and as a listing, and no path is written unless its parents are folders of this same package. */
class Unpacking {
  readonly entries = new Map<string, PieceEntry>();
  readonly shipped: string[] = [];
  private readonly job: UnpackJob;
  private readonly skip: (path: string, isFile: boolean) => boolean;
  private bytes = 0;
  private open: number | undefined;

  constructor(job: UnpackJob) {
    this.job = job;
    this.skip = pathFilter(job.exclude);
  }

  private place(path: string): string {
    return join(this.job.into, path);
  }

  private needParent(path: string): void {
    const cut = path.lastIndexOf('/');
    if (cut < 0) return;
    const parent = path.slice(0, cut);
    const known = this.entries.get(parent);
    if (known?.type === 'dir') return;
    if (known) throw hostileDeb(this.job.label, `${path} lies below ${parent}, which is a ${known.type}`);
    this.needParent(parent);
    this.addFolder({
      path: parent,
      type: 'dir',
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtime: FIXED_MTIME,
      size: 0,
    });
  }

  private addFolder(entry: PieceEntry): void {
    const known = this.entries.get(entry.path);
    if (known && known.type !== 'dir') throw hostileDeb(this.job.label, `${entry.path} is there twice`);
    if (!known) mkdirSync(this.place(entry.path), 0o700);
    this.entries.set(entry.path, entry);
  }

  private finishFile(entry: PieceEntry): void {
    const place = this.place(entry.path);
    if (this.job.chown) chownSync(place, entry.uid, entry.gid);
    chmodSync(place, entry.mode);
    utimesSync(place, entry.mtime, entry.mtime);
    this.entries.set(entry.path, entry);
  }

  private addFile(entry: PieceEntry): MemberSink {
    const file = openSync(this.place(entry.path), 'wx', 0o600);
    this.open = file;
    return {
      write: (data) => {
        this.bytes += data.length;
        if (this.bytes > this.job.limit) {
          throw hostileDeb(
            this.job.label,
            `it unpacks to more than ${this.job.limit} bytes, far beyond its declared size`,
          );
        }
        for (let at = 0; at < data.length;) at += writeSync(file, data, at);
      },
      end: () => {
        this.close();
        this.finishFile(entry);
      },
    };
  }

  /** Closes the file being written, if any. */
  close(): void {
    if (this.open !== undefined) closeSync(this.open);
    this.open = undefined;
  }

  private addHardLink(entry: PieceEntry, target: string): void {
    const known = this.entries.get(target);
    if (known?.type !== 'file') {
      throw hostileDeb(
        this.job.label,
        `${entry.path} is a hard link to ${target}, which is no file of this package`,
      );
    }
    linkSync(this.place(target), this.place(entry.path));
    this.entries.set(entry.path, { ...known, path: entry.path });
  }

  private addSymlink(entry: PieceEntry): void {
    const place = this.place(entry.path);
    symlinkSync(entry.target ?? '', place);
    if (this.job.chown) lchownSync(place, entry.uid, entry.gid);
    lutimesSync(place, entry.mtime, entry.mtime);
    this.entries.set(entry.path, entry);
  }

  private entryOf(header: Header, path: string): PieceEntry {
    const own = this.job.adjust.modes.find((each) => each.path === path);
    const { uid, gid } = own ?? ownership(header);
    const mtime = Math.max(0, Math.floor(header.mtime.getTime() / 1000));
    const mode = (own?.mode ?? header.mode) & BITS;
    return { path, type: 'dir', mode, uid, gid, mtime, size: 0 };
  }

  /** Takes one member of the tar; returns what takes its bytes, if they are wanted. */
  add(header: Header): MemberSink | undefined {
    const { label, adjust } = this.job;
    const name = shippedPath(header.name, label);
    if (!name) return undefined;
    this.shipped.push(`/${name}`);
    const isFile = header.type === 'file' || header.type === 'link';
    if (!isFile && header.type !== 'directory' && header.type !== 'symlink') {
      throw hostileDeb(label, `${name} is a ${header.type ?? 'member of unknown type'}`);
    }
    const path = this.renamed(imagePath(name));
    if (this.skip(`/${name}`, isFile) || adjust.drop.includes(path)) return undefined;
    this.needParent(path);
    const entry = this.entryOf(header, path);
    if (header.type === 'directory') {
      this.addFolder(entry);
      return undefined;
    }
    if (this.entries.has(path)) throw hostileDeb(label, `${path} is there twice`);
    if (header.type === 'file') {
      return this.addFile({ ...entry, type: 'file', size: header.size, content: { from: 'tree' } });
    }
    const target = header.linkname ?? '';
    if (header.type === 'link') {
      this.addHardLink(entry, this.renamed(imagePath(shippedPath(target, label))));
      return undefined;
    }
    if (target === '' || target.includes('\0')) throw hostileDeb(label, `${path} is a link to nothing`);
    this.addSymlink({ ...entry, type: 'symlink', mode: 0o777, target });
    return undefined;
  }

  private renamed(path: string): string {
    return this.job.adjust.renames.find((each) => each.from === path)?.to ?? path;
  }

  /** Folders get mode, owner and time last, deepest first: writing into them would change the time, and a mode may forbid writing. */
  finish(): Unpacked {
    const entries = [...this.entries.values()].sort((a, b) => byteOrder(a.path, b.path));
    for (const entry of entries.toReversed()) {
      if (entry.type !== 'dir') continue;
      const place = this.place(entry.path);
      if (this.job.chown) chownSync(place, entry.uid, entry.gid);
      chmodSync(place, entry.mode);
      utimesSync(place, entry.mtime, entry.mtime);
    }
    return { entries, shipped: this.shipped };
  }
}

/**
 * Unpacks data.tar of a .deb into an empty folder, streamed, without following anything it holds.
 * Merged /usr: the first component of a path is mapped (`bin/x` -> `usr/bin/x`), the links themselves belong to the generated piece.
 * Throws RIG-LAYERS-DEB-001 (damaged) or RIG-LAYERS-DEB-002 (hostile); the folder is then to be thrown away.
 */
export async function unpackDeb(job: UnpackJob): Promise<Unpacked> {
  const deb = await openDeb(job.debPath, job.label);
  const unpacking = new Unpacking(job);
  try {
    await readTar(await openTar(deb, 'data', job), (header) => unpacking.add(header));
  } catch (error) {
    // a full disk is no fault of the package
    if (isRigError(error) || (error instanceof Error && 'syscall' in error)) throw error;
    throw damagedDeb(job.label, 'data.tar cannot be read to its end', error);
  } finally {
    unpacking.close();
  }
  return unpacking.finish();
}
