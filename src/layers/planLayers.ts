import { canonicalJson, sha256Hex } from '../kernel/index.ts';
import { LAYER_FORMAT } from './format.ts';
import type { PieceSource } from './pieceSource.ts';

/** A group of pieces that becomes one layer. */
export interface PlannedLayer {
  /** 64 hex: function of the pieces' keys, in order, and the format version. */
  key: string;
  /** For people: `torch 2.7.1`, `27 Debian packages (c)`. */
  title: string;
  /** Later ones win. */
  pieces: PieceSource[];
}

/** Docker stops at 127 layers; overlay mounts have limits of their own. */
export const MAX_LAYERS = 60;
const LARGE = 24 * 2 ** 20;
const MAX_LARGE = 20;
const BUCKETS = { wheel: 14, deb: 10 } as const;
const MAX_GENERATED = 12;

/**
 * Groups pieces into at most MAX_LAYERS layers: Debian packages, then wheels, then generated files, so that each may replace files
 * of those before. A large piece has a layer of its own; small ones are dealt into buckets by a hash of their name, so that
 * changing, adding or removing a package touches one layer, whatever else is in the set.
 * The order of the input does not matter except among generated pieces, which stay in the order given (later ones win).
 */
export function planLayers(sources: readonly PieceSource[]): PlannedLayer[] {
  const byName = [...sources].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.key < b.key ? -1 : 1,
  );
  const large = new Set(
    byName
      .filter(({ kind, weight }) => kind !== 'generated' && weight >= LARGE)
      .toSorted((a, b) => b.weight - a.weight)
      .slice(0, MAX_LARGE),
  );
  const layers: PlannedLayer[] = [];
  for (const kind of ['deb', 'wheel'] as const) {
    const own = byName.filter((source) => source.kind === kind);
    layers.push(
      ...buckets(
        kind,
        own.filter((source) => !large.has(source)),
      ),
    );
    for (const source of own) if (large.has(source)) layers.push(layer(source.title, [source]));
  }
  const generated = sources.filter(({ kind }) => kind === 'generated');
  for (const source of generated.slice(0, MAX_GENERATED - 1)) layers.push(layer(source.title, [source]));
  const rest = generated.slice(MAX_GENERATED - 1);
  if (rest.length > 0)
    layers.push(layer(rest.length === 1 ? (rest[0]?.title ?? '') : `${rest.length} settings`, rest));
  return layers;
}

function buckets(kind: keyof typeof BUCKETS, sources: readonly PieceSource[]): PlannedLayer[] {
  const groups: PieceSource[][] = Array.from({ length: BUCKETS[kind] }, () => []);
  for (const source of sources) groups[bucketOf(source.name, groups.length)]?.push(source);
  const what = kind === 'deb' ? 'Debian' : 'Python';
  return groups.flatMap((group, index) => {
    if (group.length === 0) return [];
    const [first] = group;
    const title = `${group.length} ${what} packages (${String.fromCodePoint(97 + index)})`;
    return [layer(group.length === 1 && first ? first.title : title, group)];
  });
}

function bucketOf(name: string, count: number): number {
  return Number.parseInt(sha256Hex(name).slice(0, 8), 16) % count;
}

function layer(title: string, pieces: PieceSource[]): PlannedLayer {
  const key = sha256Hex(canonicalJson({ format: LAYER_FORMAT, pieces: pieces.map((piece) => piece.key) }));
  return { key, title, pieces };
}

/** All pieces in the order in which layers stack: the order for the merged root. */
export function piecesInOrder(layers: readonly PlannedLayer[]): PieceSource[] {
  return layers.flatMap(({ pieces }) => pieces);
}
