import type { ErrorCatalogue } from '../kernel/index.ts';

export const CLI_ERRORS: ErrorCatalogue = {
  'RIG-BUG-001': {
    title: 'a bug of rig',
    explanation:
      'Something happened that rig did not foresee. The text below the line is what we need to mend it.',
  },
  'RIG-CLI-002': {
    title: 'wrong usage',
    explanation:
      'A command, a flag or a value that rig does not know. `rig help` and `rig COMMAND --help` list what there is.',
  },
  'RIG-CLI-130': {
    title: 'interrupted',
    explanation:
      'Ctrl-C or a termination signal. Nothing is left half done; the same command goes on where this one stopped.',
  },
};
