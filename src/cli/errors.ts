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
  'RIG-CLI-003': {
    title: 'no such engine',
    explanation:
      'rig runs environments in its own sandbox, which needs no daemon. An image for docker or podman is written by `rig build -o`.',
  },
  'RIG-CLI-004': {
    title: 'a question without an answer',
    explanation:
      'Something would be removed or changed. On a terminal rig asks; elsewhere `--yes` must say that it is meant.',
  },
  'RIG-CLI-005': {
    title: 'no Jupyter to open',
    explanation:
      'The environment does not run, or runs without Jupyter (`ports: {jupyter: none}`, or jupyterlab is not in its lock).',
  },
  'RIG-CLI-006': {
    title: 'a package source does not have it',
    explanation:
      'What was asked for is not offered where this machine gets its packages. pip and apt decide where that is.',
  },
  'RIG-CLI-007': {
    title: 'no such environment',
    explanation:
      'No environment of this name was made under this TORCHRIG_HOME, or it was purged. Without a NAME the one of this folder is meant.',
  },
  'RIG-CLI-010': {
    title: 'refused by compatibility',
    explanation:
      'Driver, GPU, C library, Python and torch do not go together; the reasons stand in the message, with the nearest combination that ' +
      'works. `rig compat` shows what this machine can run.',
  },
  'RIG-CLI-011': {
    title: 'the lock is older than the file it was made from',
    explanation:
      '`rig up` and `rig build` never change a lock. `rig lock` makes it fit torchrig.yaml again, keeping what still fits.',
  },
  'RIG-CLI-012': {
    title: 'a preset without its lock',
    explanation: 'Presets ship with their locks. A missing one means that the installation is damaged.',
  },
  'RIG-CLI-013': {
    title: 'there is no lock to check',
    explanation:
      '`rig lock --check` compares torchrig.lock with what `rig lock` would write. There is none yet.',
  },
  'RIG-CLI-014': {
    title: 'a locked Debian package is gone',
    explanation:
      'Debian mirrors keep only the newest versions, and a security update or point release has replaced a package of the lock. ' +
      '`rig lock` takes its successor and keeps everything else. To build the old lock to the bit, set TORCHRIG_DEBIAN_MIRROR to a ' +
      'snapshot of the archive. (For a preset rig does the former by itself, and says so.)',
  },
  'RIG-CLI-130': {
    title: 'interrupted',
    explanation:
      'Ctrl-C or a termination signal. Nothing is left half done; the same command goes on where this one stopped.',
  },
};
