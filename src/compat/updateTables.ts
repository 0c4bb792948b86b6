import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, RigError, errnoOf, messageOf, withFileLock, writeFileAtomic } from '../kernel/index.ts';
import type { HomeLayout } from '../kernel/index.ts';
import { tableProblems } from './checkTables.ts';
import { loadTables, readUserTables, tablesFile } from './loadTables.ts';
import type { LoadedTables } from './loadTables.ts';
import { asTables } from './tablesSchema.ts';

/** Tables are about 150 kB; anything far beyond is something else. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Problems that the message names; `details` has more. */
const SHOWN = 8;

export interface UpdateResult {
  /** Day of the new tables and of the ones before. */
  date: string;
  before: string;
  /** Releases that the new tables have and the old ones lacked. */
  added: string[];
  removed: string[];
}

const previousFile = (home: HomeLayout): string => join(home.tables, 'tables.previous.json');
const locked = <T>(home: HomeLayout, work: () => Promise<T>): Promise<T> =>
  withFileLock(join(home.locks, 'compat-tables.lock'), work);

function parse(bytes: Uint8Array): unknown {
  if (bytes.length > MOST_BYTES)
    throw new RigError('RIG-COMPAT-014', 'the file is too large to be compatibility tables', {
      exitCode: EXIT.usage,
    });
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new RigError('RIG-COMPAT-014', 'the new tables are not JSON', {
      why: messageOf(error),
      hint: 'fetch the file again; `rig compat list --json` shows the tables in use',
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}

async function readFrom(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new RigError('RIG-COMPAT-014', `cannot read ${file}`, {
      why: messageOf(error),
      hint: 'rig compat update --from FILE, or --from https://...; the tables in use stay as they are',
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}

/** Only tables that can be used again are worth keeping. */
async function keepPrevious(home: HomeLayout): Promise<void> {
  const { tables } = await readUserTables(home);
  if (tables) await writeFileAtomic(previousFile(home), `${JSON.stringify(tables, null, 1)}\n`);
  else await rm(previousFile(home), { force: true });
}

/**
 * Takes new tables into use after checking them in full; the ones before are kept for `revertTables`.
 * @param update `from`: a file's path, or the bytes that were fetched
 * @throws RigError RIG-COMPAT-014 (not JSON, unreadable), RIG-COMPAT-015 (wrong shape, contradictions, or older than the built-in ones), both exit 2;
 *   nothing has changed then
 */
export async function updateTables(update: {
  from: string | Uint8Array;
  home: HomeLayout;
}): Promise<UpdateResult> {
  const { from, home } = update;
  const document = parse(typeof from === 'string' ? await readFrom(from) : from);
  const problems = tableProblems(document);
  if (problems.length > 0) {
    const shown = problems.slice(0, SHOWN);
    const more = problems.length - shown.length;
    throw new RigError(
      'RIG-COMPAT-015',
      'the new tables are not taken: they are not whole, or contradict themselves',
      {
        why: [...shown, ...(more > 0 ? [`... and ${more} more`] : [])].join('\n  '),
        hint: 'the tables in use stay as they are; ask for whole tables where these came from',
        exitCode: EXIT.usage,
        details: { problems: problems.slice(0, 50) },
      },
    );
  }
  const fresh = asTables(document);
  const { tables: builtin } = await loadTables();
  if (fresh.date < builtin.date)
    throw new RigError('RIG-COMPAT-015', `the new tables are not taken: they are of ${fresh.date}`, {
      why: `those that came with this rig are of ${builtin.date}, and newer ones count`,
      hint: 'ask for newer tables where these came from; rig compat list shows the tables in use',
      exitCode: EXIT.usage,
    });
  return locked(home, async () => {
    const { tables: old } = await loadTables(home);
    await keepPrevious(home);
    await writeFileAtomic(tablesFile(home), `${JSON.stringify(fresh, null, 1)}\n`);
    const versions = (of: typeof old): string[] => of.releases.map((release) => release.version);
    return {
      date: fresh.date,
      before: old.date,
      added: versions(fresh).filter((version) => !versions(old).includes(version)),
      removed: versions(old).filter((version) => !versions(fresh).includes(version)),
    };
  });
}

/** Goes back one step: to the tables before the last update, else to the built-in ones. Returns what is in use now. */
export async function revertTables(home: HomeLayout): Promise<LoadedTables> {
  await locked(home, async () => {
    try {
      await rename(previousFile(home), tablesFile(home));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await rm(tablesFile(home), { force: true });
    }
  });
  return loadTables(home);
}
