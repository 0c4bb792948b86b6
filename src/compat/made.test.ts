import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { PAGE_FILE, SCHEMA_FILE, makeTablesSchema } from '../../scripts/makeCompatPage.ts';
import { builtin } from './builtin.ts';
import { renderMarkdownMatrix } from './renderMarkdown.ts';

it('docs/compatibility.md is current (npx tsx scripts/makeCompatPage.ts)', async () => {
  expect((await readFile(PAGE_FILE, 'utf8')) === renderMarkdownMatrix(builtin)).toBe(true);
});

it('the JSON Schema of the tables is current (npx tsx scripts/makeCompatPage.ts)', async () => {
  expect((await readFile(SCHEMA_FILE, 'utf8')) === makeTablesSchema()).toBe(true);
});
