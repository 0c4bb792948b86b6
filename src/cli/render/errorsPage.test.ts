import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CATALOGUE } from '../flows/catalogue.ts';
import { errorsPage } from './errorsPage.ts';

it('docs/errors.md is current (npx tsx scripts/makeErrorsPage.ts)', () => {
  expect(readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')).toBe(errorsPage());
});

it.each(Object.entries(CATALOGUE))(
  '%s has a title and says what to do or why',
  (_code, { title, explanation }) => {
    expect(title).toMatch(/\S/);
    expect(explanation.length).toBeGreaterThan(20);
  },
);
