import type { ErrorCatalogue } from '../kernel/index.ts';

export const SPEC_ERRORS: ErrorCatalogue = {
  'RIG-SPEC-001': {
    title: 'torchrig.yaml is not valid',
    explanation:
      'Every error of the file is listed with line and column; nothing was changed. Values are read as they are written (torch: 2.10 means 2.10), unknown keys are refused because a misspelt key would silently do nothing. ${NAME}, ${NAME:-default} and ${NAME:?message} are filled from the environment, and $$ is a plain dollar. Where a value holds a variable, the message shows the variable, never what was put in.',
  },
  'RIG-SPEC-002': {
    title: 'a flag has a value that cannot be used',
    explanation:
      'Flags of rig up take the same values as the keys of torchrig.yaml and stand over them. The message names the flag and says what to write instead.',
  },
  'RIG-SPEC-003': {
    title: 'there is no preset of this name',
    explanation:
      'A preset is a torchrig.yaml with its lock that comes with rig; the key preset names the one to start from. v2.7 is meant when the key is absent; none starts from nothing but Python on the base.',
  },
  'RIG-SPEC-004': {
    title: 'a file cannot be read',
    explanation:
      'The file that was named does not exist, is a folder, or may not be read by this user. When no file is named, rig reads torchrig.yaml in the current folder, and where there is none the preset v2.7 is meant.',
  },
  'RIG-SPEC-005': {
    title: 'rig init cannot write its files',
    explanation:
      'rig init writes torchrig.yaml, .dockerignore and .gitignore into the folder, which must exist and be writable. Files that exist are never overwritten; missing lines are added to an existing .gitignore or .dockerignore.',
  },
};
