import { proposeCompletions } from '@stricli/core';
import { application } from './application.ts';
import type { RigContext } from './command.ts';

/** What may stand at the end of `words` (the last one is incomplete), one a line with a tab before its meaning. */
export async function completions(words: readonly string[], context: RigContext): Promise<string[]> {
  const proposals = await proposeCompletions(application(), words, context as never);
  return proposals.map(({ completion, brief }) => `${completion}\t${brief}`);
}
