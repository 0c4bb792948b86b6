/** Writes docs/compatibility.md from the built-in tables: `tsx scripts/makeCompatPage.ts`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTables, renderMarkdownMatrix } from '../src/compat/index.ts';

const { tables } = await loadTables();
await writeFile(
  join(fileURLToPath(import.meta.url), '..', '..', 'docs', 'compatibility.md'),
  renderMarkdownMatrix(tables),
);
