/** Writes docs/errors.md from the rooms' catalogues. Usage: npx tsx scripts/makeErrorsPage.ts */
import { writeFileSync } from 'node:fs';
import { errorsPage } from '../src/cli/render/errorsPage.ts';

writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage());
