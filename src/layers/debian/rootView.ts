import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, RigError } from '../../kernel/index.ts';
import type { PieceEntry } from '../piece.ts';
import { byteOrder } from './byteOrder.ts';
import { MERGED_FOLDERS } from './imagePath.ts';
import type { DebPackage } from './debPackage.ts';

/** Mode and owner of something to be made. */
export interface Access {
  mode: number;
  uid: number;
  gid: number;
}

const ROOT_FILE: Access = { mode: 0o644, uid: 0, gid: 0 };
const ROOT_FOLDER: Access = { mode: 0o755, uid: 0, gid: 0 };
const MAX_LINKS = 20;

/**
 * The root file system as the packages and the effects applied so far make it. Paths are absolute, as scripts write them; links
 * on the way are followed inside the view. What is made goes into the generated piece and hides the package's own entry.
 */
export class RootView {
  private readonly shipped = new Map<string, { entry: PieceEntry; tree: string }>();
  private readonly made = new Map<string, PieceEntry>();
  private readonly children = new Map<string, Set<string>>();
  private readonly epoch: number;

  constructor(packages: readonly DebPackage[], epoch: number) {
    this.epoch = epoch;
    for (const { piece, tree } of packages) {
      for (const entry of piece.entries) {
        this.shipped.set(entry.path, { entry, tree });
        this.adopt(entry.path);
      }
    }
    for (const [path, target] of Object.entries(MERGED_FOLDERS)) this.symlink(`/${path}`, target);
  }

  private adopt(path: string): void {
    const cut = path.lastIndexOf('/');
    const parent = cut < 0 ? '' : path.slice(0, cut);
    const known = this.children.get(parent);
    if (known) known.add(path.slice(cut + 1));
    else this.children.set(parent, new Set([path.slice(cut + 1)]));
  }

  private entry(path: string): PieceEntry | undefined {
    return this.made.get(path) ?? this.shipped.get(path)?.entry;
  }

  /** Where a path leads inside the image, without leading slash; the last component's own link is followed only if asked. */
  resolve(path: string, followLast = true): string {
    const waiting = path.split('/').filter(Boolean).reverse();
    const done: string[] = [];
    for (let links = 0; waiting.length > 0;) {
      const part = waiting.pop() ?? '';
      if (part === '.') continue;
      if (part === '..') {
        done.pop();
        continue;
      }
      const here = this.entry([...done, part].join('/'));
      const target = here?.type === 'symlink' ? here.target : undefined;
      if (target === undefined || (waiting.length === 0 && !followLast)) {
        done.push(part);
        continue;
      }
      if ((links += 1) > MAX_LINKS) throw cannotApply(`${path} runs in circles`);
      if (target.startsWith('/')) done.length = 0;
      waiting.push(...target.split('/').filter(Boolean).reverse());
    }
    return done.join('/');
  }

  /** The entry at a path, links followed; undefined if nothing is there. */
  stat(path: string): PieceEntry | undefined {
    return this.entry(this.resolve(path));
  }

  /** The entry at a path itself, which may be a link. */
  lstat(path: string): PieceEntry | undefined {
    return this.entry(this.resolve(path, false));
  }

  /** Names in a folder, in byte order. */
  list(path: string): string[] {
    return [...(this.children.get(this.resolve(path)) ?? [])].sort(byteOrder);
  }

  /** Bytes of a file. Throws RIG-LAYERS-DEB-005 when there is none. */
  read(path: string): Buffer {
    const at = this.resolve(path);
    const made = this.made.get(at);
    if (made?.content?.from === 'inline') return Buffer.from(made.content.bytes);
    const shipped = this.shipped.get(at);
    if (shipped?.entry.type !== 'file') throw cannotApply(`${path} is missing from the chosen packages`);
    return readFileSync(join(shipped.tree, at));
  }

  /** Where on this machine's disk a shipped file lies; undefined for generated ones. */
  diskPath(path: string): string | undefined {
    const at = this.resolve(path);
    const shipped = this.made.has(at) ? undefined : this.shipped.get(at);
    return shipped?.entry.type === 'file' ? join(shipped.tree, at) : undefined;
  }

  private put(path: string, rest: Omit<PieceEntry, 'path' | 'mtime'> & { mtime?: number }): void {
    const at = this.resolve(path, false);
    const cut = at.lastIndexOf('/');
    if (cut > 0 && this.entry(at.slice(0, cut)) === undefined) this.folder(`/${at.slice(0, cut)}`);
    this.made.set(at, { mtime: this.epoch, ...rest, path: at });
    this.adopt(at);
  }

  /** Writes a file, whatever was there. */
  file(path: string, content: string | Uint8Array, access: Partial<Access> & { mtime?: number } = {}): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const inline = { type: 'file', size: bytes.length, content: { from: 'inline', bytes } } as const;
    this.put(path, { ...ROOT_FILE, ...access, ...inline });
  }

  /** Makes a symbolic link, whatever was there. */
  symlink(path: string, target: string): void {
    this.put(path, { type: 'symlink', mode: 0o777, uid: 0, gid: 0, size: 0, target });
  }

  /** Makes a folder and its missing parents; one that exists stays as it is. */
  folder(path: string, access: Access = ROOT_FOLDER): void {
    if (this.stat(path)) return;
    this.put(path, { ...access, type: 'dir', size: 0 });
  }

  /** What was made, with the folders above it as the packages have them: the entries of the generated piece. */
  generated(): PieceEntry[] {
    const all = new Map(this.made);
    for (const path of this.made.keys()) {
      for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
        const parent = path.slice(0, cut);
        const known = all.get(parent) ?? this.shipped.get(parent)?.entry;
        if (known?.type !== 'dir') throw cannotApply(`${path}: its folder ${parent} is none`);
        all.set(parent, known);
      }
    }
    return [...all.values()].sort((a, b) => byteOrder(a.path, b.path));
  }
}

/** The table asks for something that the chosen packages do not have. */
export function cannotApply(why: string, cause?: unknown): RigError {
  return new RigError('RIG-LAYERS-DEB-005', `cannot apply the effect of a maintainer script: ${why}`, {
    hint: 'a base package is missing from packages.debian; start from the preset and add to it',
    exitCode: EXIT.failed,
    cause,
  });
}
