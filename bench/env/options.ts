import { resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

export interface Options {
  /** Ids of rows; empty for all. */
  rows: string[];
  out: string;
  /** A folder with torchrig.yaml and torchrig.lock, or the name of a preset. */
  set: string;
  /** Where everything is made and removed again; about 30 GB for v2.7. */
  scratch: string;
  /** Runs of a row that takes minutes, and of one that takes seconds. */
  heavyRuns: number;
  runs: number;
  keep: boolean;
}

export const USAGE = `npx tsx bench/env/run.ts [--row ID ...] [--out FILE] [--set v2.7|FOLDER] [--runs 5] [--heavy-runs 1] [--scratch DIR] [--keep]`;

/** Throws a TypeError for what it does not know. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      row: { type: 'string', multiple: true, default: [] },
      out: { type: 'string', default: 'bench/results/env.json' },
      set: { type: 'string', default: 'v2.7' },
      scratch: { type: 'string', default: tmpdir() },
      runs: { type: 'string', default: '5' },
      'heavy-runs': { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
    },
  });
  return {
    rows: values.row,
    out: resolve(values.out),
    set: values.set,
    scratch: resolve(values.scratch),
    runs: Number(values.runs),
    heavyRuns: Number(values['heavy-runs']),
    keep: values.keep,
  };
}
