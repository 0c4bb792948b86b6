import drivers from './tables/drivers.json' with { type: 'json' };
import gpus from './tables/gpus.json' with { type: 'json' };
import issues from './tables/issues.json' with { type: 'json' };
import releases from './tables/releases.json' with { type: 'json' };
import type { CompatTables } from './tables.ts';

/** The tables that ship with the program. Import this module lazily: it carries 100 kB of data. */
export const builtin = { ...releases, drivers, gpus, issues } as unknown as CompatTables;
