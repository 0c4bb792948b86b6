import { canonicalJson, sha256Hex } from '../../kernel/index.ts';
import { LAYER_FORMAT } from '../format.ts';
import type { Piece, PieceEntry } from '../piece.ts';
import { applyEffects } from './applyEffects.ts';
import type { DebPackage } from './debPackage.ts';
import type { PathRule } from './pathFilter.ts';
import { RootView } from './rootView.ts';
import { addSystemFiles } from './systemFiles.ts';

/** Name of the generated piece of a Debian base. */
export const DEBIAN_BASE = 'debian-base';

export interface BaseOptions {
  /** Seconds since 1970: time of every generated file, day of /etc/shadow. */
  epoch: number;
  exclude: readonly PathRule[];
}

export interface BaseResult {
  piece: Piece;
  /** Caches that only a program of the image can write, as sentences. */
  notes: string[];
}

function fingerprint(entry: PieceEntry): unknown {
  const content = entry.content?.from === 'inline' ? sha256Hex(entry.content.bytes) : null;
  return { ...entry, content };
}

/**
 * The generated piece of a Debian base: what the packages' scripts and dpkg itself leave behind (accounts, alternatives, loader
 * cache, certificates, PAM, dpkg's database), the links of merged /usr, and the few files every system has.
 * A pure function of the packages, the epoch and the rules. It comes after the packages' own pieces and hides what they ship.
 */
export function debianBasePiece(packages: readonly DebPackage[], options: BaseOptions): BaseResult {
  const root = new RootView(packages, options.epoch);
  const noted = applyEffects(root, packages, options.epoch);
  addSystemFiles(root, options.exclude);
  const entries = root.generated();
  const key = sha256Hex(
    canonicalJson({ kind: DEBIAN_BASE, format: LAYER_FORMAT, entries: entries.map(fingerprint) }),
  );
  const notes = noted.map(
    ({ tool, makes, neededBy }) =>
      `left out, because only ${tool} can make it: ${makes.join(', ')} (${neededBy})`,
  );
  return { piece: { key, kind: 'generated', name: DEBIAN_BASE, title: 'Debian base', entries }, notes };
}
