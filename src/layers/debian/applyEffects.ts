import { createHash } from 'node:crypto';
import { Accounts } from './accounts.ts';
import { applyAlternatives } from './alternatives.ts';
import { byteOrder } from './byteOrder.ts';
import { applyCaBundle, applyCaConfig } from './caCertificates.ts';
import type { DebPackage } from './debPackage.ts';
import { applyDpkgDatabase } from './dpkgDatabase.ts';
import { modeAndOwner, type Effect, type NotedEffect } from './effects.ts';
import { applyLdconfig } from './libraries.ts';
import { applyPam } from './pamStacks.ts';
import { cannotApply, type RootView } from './rootView.ts';
import { applyShells } from './shells.ts';

const FIRST = ['base-files', 'base-passwd'];
const DAY = 86_400;

type Kind<K extends Effect['kind']> = Extract<Effect, { kind: K }>;
type Owned = { deb: DebPackage; effect: Effect };

const rank = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

/** All effects, package by package: base-files and base-passwd first, the rest by name. */
function inOrder(packages: readonly DebPackage[]): Owned[] {
  return [...packages]
    .sort((a, b) => rank(a.name) - rank(b.name) || byteOrder(a.name, b.name))
    .flatMap((deb) => deb.effects.map((effect) => ({ deb, effect })));
}

function only<K extends Effect['kind']>(all: readonly Owned[], kind: K): Kind<K>[] {
  return all.map(({ effect }) => effect).filter((effect): effect is Kind<K> => effect.kind === kind);
}

function copy(root: RootView, from: string, to: string): void {
  const entry = root.stat(from);
  const bytes = root.read(from);
  root.file(to, bytes, entry ? { mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime: entry.mtime } : {});
}

/** A configuration file under ucf: the copy, and what ucf remembers of it (ucf(1)). */
function applyUcf(root: RootView, { from, to, package: name, mode }: Kind<'ucf'>): void {
  const bytes = root.read(from);
  const md5 = createHash('md5').update(bytes).digest('hex');
  const append = (path: string, line: string): void => {
    root.file(path, (root.lstat(path) ? root.read(path).toString() : '') + line);
  };
  if (!root.lstat(to)) root.file(to, bytes, { mode: Number.parseInt(mode, 8) });
  append('/var/lib/ucf/hashfile', `${md5}  ${to}\n`);
  append('/var/lib/ucf/registry', `${name} \t ${to}\n`);
  root.file(`/var/lib/ucf/cache/${to.replaceAll('/', ':')}`, bytes);
}

/** Phase 2: files, folders, links. */
function applyFiles(root: RootView, effect: Effect): void {
  switch (effect.kind) {
    case 'mkdir':
      return root.folder(effect.path, modeAndOwner(effect));
    case 'file':
      if (!root.lstat(effect.path)) root.file(effect.path, effect.content, modeAndOwner(effect));
      return;
    case 'copy':
      if (effect.ifDir !== undefined && root.stat(effect.ifDir)?.type !== 'dir') return;
      if (!root.lstat(effect.to)) copy(root, effect.from, effect.to);
      return;
    case 'symlink':
      if (!effect.ifMissing || !root.lstat(effect.path)) root.symlink(effect.path, effect.to);
      return;
    case 'dir-to-symlink':
      // the folder itself was left out when its package was unpacked
      return root.symlink(effect.path, effect.to);
    case 'ca-conf':
      return applyCaConfig(root, effect.path, effect.header);
    case 'ucf':
      return applyUcf(root, effect);
    default:
  }
}

function applyAccounts(root: RootView, all: readonly Owned[], epoch: number): void {
  const [master] = only(all, 'passwd-master');
  if (!master) throw cannotApply('base-passwd is not among the packages');
  const accounts = new Accounts(root.read(master.passwd).toString(), root.read(master.group).toString());
  for (const group of only(all, 'group')) accounts.addGroup(group.name, group.gid);
  for (const user of only(all, 'user')) accounts.addUser(user);
  accounts.write(root, only(all, 'shadow').length > 0 ? Math.floor(epoch / DAY) : undefined);
}

/** Lines of /var/lib/dpkg/diversions for the diversions that hold; dpkg-divert puts the newest first. */
function diversionLines(root: RootView, all: readonly Owned[]): string[] {
  return only(all, 'divert')
    .filter(({ ifDir }) => ifDir === undefined || root.stat(ifDir)?.type === 'dir')
    .toReversed()
    .flatMap((effect) => [effect.path, effect.to, effect.package]);
}

/**
 * Applies the effects of all packages to the view, in phases and sorted by package, so that the result depends on the set alone:
 * files, accounts, alternatives, shells, PAM, certificates, the loader's cache, dpkg's database.
 * Returns what only a program of the image could have made.
 */
export function applyEffects(root: RootView, packages: readonly DebPackage[], epoch: number): NotedEffect[] {
  const all = inOrder(packages);
  for (const { effect } of all) applyFiles(root, effect);
  applyAccounts(root, all, epoch);
  applyAlternatives(root, only(all, 'alternative'));
  const shells = only(all, 'shells');
  if (shells.some(({ action }) => action === 'update')) {
    applyShells(
      root,
      shells.flatMap((effect) => (effect.action === 'add' ? [effect.shell] : [])),
    );
  }
  if (only(all, 'pam').length > 0) applyPam(root);
  if (only(all, 'ca-bundle').length > 0) applyCaBundle(root);
  const linker = all.find(({ effect }) => effect.kind === 'ldconfig');
  if (linker) applyLdconfig(root, linker.deb.version);
  applyDpkgDatabase(root, packages, diversionLines(root, all));
  return only(all, 'exec-cache');
}
