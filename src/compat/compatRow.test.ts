import { describe, expect, it } from 'vitest';
import { builtin as tables } from './builtin.ts';
import { compatRow } from './compatRow.ts';
import type { CompatRow } from './compatRow.ts';
import { hostFromFlags } from './hostFromFlags.ts';
import { servedVariants } from './served.ts';
import { solve } from './solve.ts';

const cell = (row: CompatRow, torch: string, variant: string) =>
  row.lines.find((line) => line.torch === torch)?.cells.find((entry) => entry.variant === variant);

describe("a machine's row", () => {
  it('goes from driver to CUDA to variants to releases, with one best', () => {
    const host = hostFromFlags({ gpus: ['RTX 5090'], driver: '570.86' }, tables);
    const row = compatRow(host, tables);
    expect(row.driver).toMatchObject({ state: 'present', version: '570.86', cuda: '12.8' });
    expect(row.cuda).toEqual([
      { major: 13, floor: '580', allowed: false },
      { major: 12, floor: '525.60.13', allowed: true },
      { major: 11, floor: '450.80.02', allowed: true },
    ]);
    expect(row.lines).toHaveLength(28);
    expect(cell(row, '2.13.0', 'cu129')?.verdict).toBe('best');
    expect(cell(row, '2.7.1', 'cu128')?.verdict).toBe('works');
    expect(cell(row, '2.12.1', 'cu129')?.verdict).toBe('minor');
    expect(cell(row, '2.7.1', 'cu126')).toMatchObject({ verdict: 'no', reasons: [{ code: 'architecture' }] });
    const all = row.lines.flatMap((line) => line.cells);
    expect(all.filter((entry) => entry.verdict === 'best')).toHaveLength(1);
    expect(row.best).toEqual((solve({}, host, tables) as { plan: unknown }).plan);
  });

  it('says which features a GPU lacks', () => {
    const row = compatRow(hostFromFlags({ gpus: ['P100', 'A100'], driver: '580' }, tables), tables);
    expect(row.gpus.map((gpu) => gpu.lacks)).toEqual([
      ['compile', 'tf32', 'bf16', 'flash-attention', 'fp8', 'fp4'],
      ['fp8', 'fp4'],
    ]);
  });

  it('without GPU every release runs, on the CPU', () => {
    const row = compatRow(hostFromFlags({}, tables), tables);
    expect(row.lines.every((line) => line.cells.some((entry) => entry.verdict !== 'no'))).toBe(true);
    expect(row).toMatchObject({
      driver: { state: 'none' },
      gpus: [],
      best: { torch: '2.15.0', variant: 'cu132' },
    });
  });
});

it('tells what a package source serves from its versions', () => {
  const { served, unknown } = servedVariants(
    ['1.13.1', '2.7.1', '2.7.1+cu128', '2.8.0', '2.99.0', '2.99.0+cu126', '2.98.0rc1', '2.8.0'],
    'linux/amd64',
    tables,
  );
  expect(Object.fromEntries([...served].map(([version, variants]) => [version, [...variants]]))).toEqual({
    '2.7.1': ['cu126', 'cu128'],
    '2.8.0': ['cu128'],
  });
  expect(unknown).toEqual(['2.99.0']);
});
