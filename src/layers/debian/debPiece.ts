import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, sha256Hex, writeFileAtomic, type HomeLayout } from '../../kernel/index.ts';
import { LAYER_FORMAT } from '../format.ts';
import type { Piece } from '../piece.ts';
import { hasTree, newTree, treePath } from '../treeStore.ts';
import type { WorkerPool } from '../workerPool.ts';
import { parseControlFields } from './controlFields.ts';
import type { ControlFiles } from './controlTar.ts';
import type { DebJob } from './debJobs.ts';
import type { DebPackage } from './debPackage.ts';
import { modeAndOwner, type Effect } from './effects.ts';
import { imagePath } from './imagePath.ts';
import type { PathRule } from './pathFilter.ts';
import { recogniseScript } from './recogniseScript.ts';
import { damagedDeb } from './refusals.ts';
import type { ScriptTable } from './scriptTable.ts';
import type { Adjustments, Unpacked } from './unpackDeb.ts';

/** A .deb on disk, by content. */
export interface DebFile {
  path: string;
  /** 64 hex; checked before anything is read from it. */
  sha256: string;
  /** Bytes; larger ones are unpacked first. */
  size: number;
  /** What the lock says it is; checked against its control file. */
  name: string;
  version: string;
}

/** What is the same for all packages of one image. */
export interface DebContext {
  home: HomeLayout;
  exclude: readonly PathRule[];
  table: ScriptTable;
  pool: Pick<WorkerPool, 'run'>;
}

/** A .deb whose control member was read and whose scripts are known; nothing is unpacked yet. */
export type InspectedDeb = Omit<DebPackage, 'piece' | 'shipped' | 'tree'> & { file: DebFile };

const labelOf = ({ name, version }: DebFile): string => `${name} ${version}`;

async function cached<Value>(path: string, make: () => Promise<Value>): Promise<Value> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Value;
  } catch {
    const value = await make();
    await writeFileAtomic(path, JSON.stringify(value));
    return value;
  }
}

const cachePath = (home: HomeLayout, kind: string, key: string): string =>
  join(home.cache, 'deb', `${kind}-${LAYER_FORMAT}`, `${key}.json`);

/** Reads control files and recognises the scripts. Throws RIG-LAYERS-DEB-001 (damaged) and RIG-LAYERS-DEB-003 (unknown script). */
export async function inspectDebFile(file: DebFile, context: DebContext): Promise<InspectedDeb> {
  const { path: debPath, sha256 } = file;
  const label = labelOf(file);
  const job: DebJob = { kind: 'inspectDeb', debPath, sha256, label };
  const control = await cached(cachePath(context.home, 'control', sha256), () =>
    context.pool.run<ControlFiles>(job, { weight: file.size }),
  );
  const fields = parseControlFields(control['control'] ?? '');
  const field = (name: string): string => (fields.get(name) ?? '').trim();
  const [name, version, arch] = [field('Package'), field('Version'), field('Architecture')];
  if (name !== file.name || version !== file.version || !/^[a-z0-9-]+$/.test(arch)) {
    throw damagedDeb(label, `its control file says ${JSON.stringify(`${name} ${version} ${arch}`)}`);
  }
  if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name)) throw damagedDeb(label, 'that is no name of a package');
  const effects: Effect[] = [];
  for (const script of ['preinst', 'postinst']) {
    const text = control[script];
    if (text !== undefined) {
      effects.push(...recogniseScript({ package: name, version, name: script, text }, context.table));
    }
  }
  return { file, name, version, arch, multiArch: field('Multi-Arch'), fields, control, effects };
}

/** What the package's own scripts change of its own files: applied while unpacking, so that no other piece has to undo it. */
export function ownAdjustments(effects: readonly Effect[]): Adjustments {
  const adjust: Adjustments = { modes: [], drop: [], renames: [] };
  for (const effect of effects) {
    const path = 'path' in effect ? imagePath(effect.path.slice(1)) : '';
    if (effect.kind === 'mode') adjust.modes.push({ path, ...modeAndOwner(effect) });
    if (effect.kind === 'dir-to-symlink') adjust.drop.push(path);
  }
  return adjust;
}

// Far above any real package: guards against bombs, not against bad bookkeeping.
const SLACK = 256 << 20;

/** The listing of a package whose tree is there and whole. */
export async function readListing(home: HomeLayout, key: string): Promise<Unpacked | undefined> {
  if (!(await hasTree(home, key))) return undefined;
  return readFile(cachePath(home, 'listing', key), 'utf8').then(
    (text) => JSON.parse(text) as Unpacked,
    () => undefined,
  );
}

/** Unpacks a package into its tree, or finds it there, and lists it. The key covers all that decides the entries. */
export async function debPiece(
  deb: InspectedDeb,
  context: DebContext,
  adjust: Adjustments = ownAdjustments(deb.effects),
): Promise<DebPackage> {
  const { home, exclude } = context;
  const { file, ...known } = deb;
  const key = sha256Hex(
    canonicalJson({ kind: 'deb', format: LAYER_FORMAT, sha256: file.sha256, exclude, adjust }),
  );
  const { entries, shipped } = (await readListing(home, key)) ?? (await unpackInto(key));
  const piece: Piece = {
    key,
    kind: 'deb',
    name: deb.name,
    title: `${deb.name} ${deb.version}`,
    entries,
  };
  return { ...known, piece, shipped, tree: treePath(home, key) };

  async function unpackInto(treeKey: string): Promise<Unpacked> {
    await mkdir(home.tmp, { recursive: true });
    const tree = await newTree(home, treeKey);
    try {
      const installed = Number(deb.fields.get('Installed-Size') ?? 0) || 0;
      const job: DebJob = {
        kind: 'unpackDeb',
        debPath: file.path,
        label: labelOf(file),
        into: tree.path,
        exclude,
        adjust,
        limit: installed * 2048 + SLACK,
        chown: process.geteuid?.() === 0,
      };
      const unpacked = await context.pool.run<Unpacked>(job, { weight: file.size });
      // first the listing: a tree without one is unpacked again
      await writeFileAtomic(cachePath(home, 'listing', treeKey), JSON.stringify(unpacked));
      await tree.commit();
      return unpacked;
    } catch (error) {
      await tree.discard();
      throw error;
    }
  }
}
