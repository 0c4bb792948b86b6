/**
 * What long work tells the one who watches. Rooms emit; only the CLI draws.
 * A task counts in one unit; `total` may be unknown and may grow.
 */
export type ProgressEvent =
  | { kind: 'task'; task: string; label: string; unit: 'bytes' | 'files' | 'steps'; total?: number }
  | { kind: 'advance'; task: string; by: number }
  | { kind: 'total'; task: string; total: number }
  | { kind: 'done'; task: string; note?: string; failed?: boolean }
  | { kind: 'note'; level: 'info' | 'warn'; text: string };

export type Progress = (event: ProgressEvent) => void;

export const silent: Progress = () => {};
