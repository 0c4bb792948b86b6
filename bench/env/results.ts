/** Figures of one side of a row. */
export interface Figure {
  /** Median of `runs`, in the row's unit. */
  value: number;
  runs: number[];
  /** Other measures of the same runs, each with its unit in its name. */
  extra?: Record<string, number | string>;
}

/** What the row promises: rig/peer at most, peer/rig at least, or rig's own figure at most. */
export interface Goal {
  kind: 'ratio at most' | 'times faster' | 'at most';
  target: number;
  stretch?: number;
}

export interface Row {
  id: string;
  /** In words, for the table. */
  what: string;
  unit: 's' | 'MB' | 'GB';
  goal: Goal;
  rig: Figure | null;
  peer: Figure | null;
  /** What the peer was. */
  peerWhat: string;
  /** rig/peer, or peer/rig for "times faster"; null without a peer. */
  ratio: number | null;
  /** Null when it was not measured. */
  ok: boolean | null;
  stretchOk: boolean | null;
  /** How it was measured, and what is unlike on the two sides. */
  notes: string[];
  /** Why there is no figure. */
  skipped?: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

/** Three decimals: more is noise. */
export const round = (value: number): number => Math.round(value * 1000) / 1000;

export function figure(runs: readonly number[], extra?: Figure['extra']): Figure {
  return { value: round(median(runs)), runs: runs.map(round), ...(extra ? { extra } : {}) };
}

type Measured = Pick<Row, 'rig' | 'peer'> & { notes?: string[] };
export type RowDefinition = Pick<Row, 'id' | 'what' | 'unit' | 'goal' | 'peerWhat'>;

/** A row with its ratio and verdict. */
export function measured(definition: RowDefinition, { rig, peer, notes = [] }: Measured): Row {
  const { goal } = definition;
  const faster = goal.kind === 'times faster';
  const ratio = rig && peer ? round(faster ? peer.value / rig.value : rig.value / peer.value) : null;
  const value = goal.kind === 'at most' ? (rig?.value ?? null) : ratio;
  const holds = (limit: number | undefined): boolean | null =>
    value === null || limit === undefined ? null : faster ? value >= limit : value <= limit;
  return { ...definition, rig, peer, ratio, ok: holds(goal.target), stretchOk: holds(goal.stretch), notes };
}

/** A row that could not be measured, with the reason. */
export function skipped(definition: RowDefinition, reason: string): Row {
  return { ...measured(definition, { rig: null, peer: null }), skipped: reason };
}
