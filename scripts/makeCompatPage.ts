/**
 * Writes what is made from the compatibility tables and their schema: docs/compatibility.md and
 * schema/compat-tables.schema.json. Run after either changes: `npx tsx scripts/makeCompatPage.ts`; tests fail while they are stale.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { loadTables, renderMarkdownMatrix } from '../src/compat/index.ts';
import { tablesSchema } from '../src/compat/tablesSchema.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const PAGE_FILE: string = join(ROOT, 'docs', 'compatibility.md');
export const SCHEMA_FILE: string = join(ROOT, 'schema', 'compat-tables.schema.json');

/** The JSON Schema (draft 07) of what `rig compat update` takes. */
export function makeTablesSchema(): string {
  const head = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'torchrig compatibility tables',
    description: 'What `rig compat update` takes. Beyond this shape the rows must not contradict each other.',
  };
  return `${JSON.stringify({ ...head, ...toJsonSchema(tablesSchema), ...head }, null, 1)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { tables } = await loadTables();
  await writeFile(PAGE_FILE, renderMarkdownMatrix(tables));
  await writeFile(SCHEMA_FILE, makeTablesSchema());
}
