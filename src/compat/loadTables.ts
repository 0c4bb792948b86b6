import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, messageOf } from '../kernel/index.ts';
import type { HomeLayout } from '../kernel/index.ts';
import { tableProblems } from './checkTables.ts';
import { readLearned } from './keepLearned.ts';
import type { Warning } from './solveTypes.ts';
import type { CompatTables } from './tables.ts';
import { asTables } from './tablesSchema.ts';

/** The tables in use and where they come from. */
export interface LoadedTables {
  tables: CompatTables;
  origin: 'builtin' | 'user';
  /** Versions of releases that were learned here and that neither table had. */
  learned: string[];
  warnings: Warning[];
}

/** The user's tables, in HomeLayout.tables. */
export const tablesFile = (home: HomeLayout): string => join(home.tables, 'tables.json');

/** The user's tables when they are there and whole. */
export async function readUserTables(home: HomeLayout): Promise<{ tables?: CompatTables; problem?: string }> {
  let document: unknown;
  try {
    document = JSON.parse(await readFile(tablesFile(home), 'utf8'));
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? {} : { problem: messageOf(error) };
  }
  const [problem] = tableProblems(document);
  return problem === undefined ? { tables: asTables(document) } : { problem };
}

/** Adds learned rows that the tables lack; a reviewed row is never replaced. */
function withLearned(
  tables: CompatTables,
  learned: CompatTables['releases'],
): { tables: CompatTables; added: string[] } {
  const added = learned.filter((row) => !tables.releases.some((release) => release.version === row.version));
  if (added.length === 0) return { tables, added: [] };
  const releases = [...tables.releases, ...added].sort((a, b) =>
    a.version.localeCompare(b.version, 'en', { numeric: true }),
  );
  return { tables: { ...tables, releases }, added: added.map((row) => row.version) };
}

/**
 * The tables to use: the user's when they are whole and newer than ours, else the ones that ship with the program.
 * Broken ones are a warning, never an error: with the built-in tables rig still works. Without `home` the built-in ones.
 */
export async function loadTables(home?: HomeLayout): Promise<LoadedTables> {
  const { builtin } = await import('./builtin.ts');
  if (home === undefined) return { tables: builtin, origin: 'builtin', learned: [], warnings: [] };
  const warnings: Warning[] = [];
  const warn = (id: string, text: string): void => void warnings.push({ id, text });
  const user = await readUserTables(home);
  if (user.problem !== undefined) {
    warn(
      'tables-broken',
      `the updated tables cannot be used and the built-in ones of ${builtin.date} are (${user.problem}); \`rig compat update --revert\` removes them`,
    );
  }
  const older = user.tables !== undefined && user.tables.date < builtin.date;
  if (older)
    warn(
      'tables-older',
      `the updated tables of ${user.tables?.date} are older than the built-in ones of ${builtin.date}, which are used`,
    );
  const isUsers = user.tables !== undefined && !older;
  const kept = await readLearned(home);
  if (kept.problem !== undefined)
    warn(
      'learned-broken',
      `rows learned earlier cannot be used (${kept.problem}); \`rig compat learn\` reads them again`,
    );
  const { tables, added } = withLearned(isUsers && user.tables ? user.tables : builtin, kept.releases);
  return { tables, origin: isUsers ? 'user' : 'builtin', learned: added, warnings };
}
