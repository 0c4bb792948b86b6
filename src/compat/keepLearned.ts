import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { errnoOf, messageOf, withFileLock, writeFileAtomic } from '../kernel/index.ts';
import type { HomeLayout } from '../kernel/index.ts';
import type { Release } from './tables.ts';
import { releaseSchema } from './tablesSchema.ts';

const learnedFile = (home: HomeLayout): string => join(home.tables, 'learned.json');
const learnedSchema = v.array(releaseSchema);

/** Rows that `rig compat learn` kept; a broken file is told, not thrown. */
export async function readLearned(home: HomeLayout): Promise<{ releases: Release[]; problem?: string }> {
  try {
    const result = v.safeParse(learnedSchema, JSON.parse(await readFile(learnedFile(home), 'utf8')));
    if (result.success) return { releases: result.output as Release[] };
    const [first] = result.issues;
    return { releases: [], problem: `${v.getDotPath(first) ?? 'the whole'}: ${first.message}` };
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? { releases: [] } : { releases: [], problem: messageOf(error) };
  }
}

/** Keeps a learned row for `loadTables`; an earlier reading of the same release is replaced. */
export async function keepLearned(release: Release, home: HomeLayout): Promise<void> {
  await withFileLock(join(home.locks, 'compat-tables.lock'), async () => {
    const { releases } = await readLearned(home);
    const others = releases.filter((row) => row.version !== release.version);
    await writeFileAtomic(learnedFile(home), `${JSON.stringify([...others, release], null, 1)}\n`);
  });
}
