import { CATALOGUE } from '../flows/catalogue.ts';

/** docs/errors.md: every code with its meaning. A test keeps the page equal to this. */
export function errorsPage(): string {
  const sections = Object.entries(CATALOGUE)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { title, explanation }]) => `## ${code}\n**${title}**\n\n${explanation}\n`);
  return `# Errors\n\nEvery code that rig prints, as \`rig explain CODE\` shows it. Made by \`npx tsx scripts/makeErrorsPage.ts\`.\n\n${sections.join('\n')}`;
}
