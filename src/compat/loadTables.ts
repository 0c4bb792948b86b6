import type { CompatTables } from './tables.ts';
import type { Warning } from './solveTypes.ts';

/** The tables in use and where they come from. */
export interface LoadedTables {
  tables: CompatTables;
  origin: 'builtin' | 'user';
  warnings: Warning[];
}

/** The tables that ship with the program; loaded on first use, so that other commands start without them. */
export async function loadTables(): Promise<LoadedTables> {
  const { builtin } = await import('./builtin.ts');
  return { tables: builtin, origin: 'builtin', warnings: [] };
}
