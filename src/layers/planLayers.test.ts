import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../kernel/index.ts';
import { generatedPiece } from './generatedPiece.ts';
import { mergePieces } from './mergePieces.ts';
import type { Piece } from './piece.ts';
import { loadedPiece, type PieceSource } from './pieceSource.ts';
import { MAX_LAYERS, piecesInOrder, planLayers } from './planLayers.ts';

const source = (kind: Piece['kind'], name: string, weight: number): PieceSource => ({
  key: sha256Hex(`${kind} ${name} ${weight}`),
  kind,
  name,
  title: name,
  weight,
  load: () => Promise.reject(new Error('not needed for planning')),
});

const MB = 2 ** 20;
const sources = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom<Piece['kind']>('wheel', 'deb', 'generated'),
    fc.stringMatching(/^[a-z]{1,8}$/),
    fc.nat(900),
  ),
  { selector: ([kind, name]) => `${kind} ${name}`, maxLength: 250 },
);

const keys = (list: PieceSource[]): Set<string> => new Set(planLayers(list).map(({ key }) => key));

describe('planLayers', () => {
  it('puts every piece into exactly one of at most 60 layers, generated ones last, whatever the order of the input', () => {
    fc.assert(
      fc.property(sources, fc.gen(), (list, gen) => {
        const pieces = list.map(([kind, name, size]) => source(kind, name, size * MB));
        const layers = planLayers(pieces);
        expect(layers.length).toBeLessThanOrEqual(MAX_LAYERS);
        const ordered = piecesInOrder(layers);
        expect(ordered.map(({ key }) => key).sort()).toEqual(pieces.map(({ key }) => key).sort());
        const kinds = ordered.map(({ kind }) => ['deb', 'wheel', 'generated'].indexOf(kind));
        expect(kinds).toEqual(kinds.toSorted((a, b) => a - b));
        const packages = pieces.filter(({ kind }) => kind !== 'generated');
        const shuffled = gen(fc.shuffledSubarray, packages, {
          minLength: packages.length,
          maxLength: packages.length,
        });
        const again = planLayers([...pieces.filter(({ kind }) => kind === 'generated'), ...shuffled]);
        expect(again.map(({ key }) => key)).toEqual(layers.map(({ key }) => key));
      }),
      { numRuns: 50 },
    );
  });

  it('touches one layer when one small package changes, comes or goes', () => {
    const before = Array.from({ length: 200 }, (_, at) =>
      source(at % 3 ? 'wheel' : 'deb', `p${at}`, at % 40 ? MB : 100 * MB),
    );
    const old = keys(before);
    const changed = keys(before.with(7, source('wheel', 'p7', 2 * MB)));
    expect([...changed].filter((key) => !old.has(key))).toHaveLength(1);
    const added = keys([...before, source('wheel', 'fresh', MB)]);
    expect([...added].filter((key) => !old.has(key))).toHaveLength(1);
    const removed = keys(before.toSpliced(7, 1));
    expect([...removed].filter((key) => !old.has(key))).toHaveLength(1);
  });

  it('gives a large package a layer with its name', () => {
    const layers = planLayers([
      source('wheel', 'torch', 800 * MB),
      source('wheel', 'six', 1),
      source('deb', 'gcc', 40 * MB),
    ]);
    expect(layers.map(({ title }) => title)).toEqual(['gcc', 'six', 'torch']);
  });
});

describe('mergePieces', () => {
  const one = generatedPiece('one', [
    { path: 'a/file', content: '1' },
    { path: 'a/same', content: 's' },
    { path: 'b/folder/x', content: '1' },
    { path: 'c', content: 'file' },
    { path: 'd', folder: true, mode: 0o700 },
  ]);
  const two = generatedPiece('two', [
    { path: 'a/file', content: '2' },
    { path: 'a/same', content: 's' },
    { path: 'b/folder', content: 'now a file' },
    { path: 'c/y', content: 'now in a folder' },
    { path: 'd', folder: true, mode: 0o755 },
  ]);
  it('lets later pieces win as stacked layers do, and reports what differs', () => {
    const { entries, conflicts } = mergePieces([one, two]);
    expect(entries.map(({ entry, piece }) => `${entry.path} ${entry.type} ${piece.name}`)).toEqual([
      'a dir two',
      'a/file file two',
      'a/same file two',
      'b dir two',
      'b/folder file two',
      'c dir two',
      'c/y file two',
      'd dir two',
    ]);
    expect(conflicts.map(({ path, winner }) => `${path} ${winner}`)).toEqual([
      'a/file two',
      'b/folder two',
      'c two',
    ]);
  });
  it('keeps the order of the pieces', () => {
    const winner = mergePieces([two, one]).entries.find(({ entry }) => entry.path === 'a/file');
    expect(winner?.piece.name).toBe('one');
    expect(loadedPiece(one).weight).toBe(7);
  });
});
