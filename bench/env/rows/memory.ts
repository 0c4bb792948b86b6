import type { Bench } from '../bench.ts';
import { figure, measured, round, skipped } from '../results.ts';
import type { Row, RowDefinition } from '../results.ts';

export const MEMORY: RowDefinition = {
  id: 'memory',
  what: 'peak memory of any rig process',
  unit: 'MB',
  goal: { kind: 'at most', target: 400 },
  peerWhat: 'none',
};

/** Needs the rows that it watches: cold-up, image-first, image-change. */
export async function memory({ peaks }: Bench): Promise<Row> {
  if (peaks.size === 0) return skipped(MEMORY, 'none of the rows that are watched was run');
  const each = Object.fromEntries([...peaks].map(([row, peak]) => [`${row}Mb`, round(peak)]));
  return measured(MEMORY, {
    rig: figure([Math.max(...peaks.values())], each),
    peer: null,
    notes: [
      'VmHWM of every Node process that rig started, the one in the background included; MB of 10^6 bytes',
    ],
  });
}
