import type { ErrorCatalogue } from '../kernel/index.ts';

export const LOCK_ERRORS: ErrorCatalogue = {
  'RIG-LOCK-001': {
    title: 'torchrig.lock is not TOML',
    explanation:
      'The lock cannot be read at the line that is named. It is written by rig lock and never by hand: restore it from git, or run rig lock to make it anew.',
  },
  'RIG-LOCK-002': {
    title: 'torchrig.lock has a merge conflict in it',
    explanation:
      'Two branches changed the lock and git could not merge them. Take either side whole, then run rig lock: it keeps what is pinned there and adds what torchrig.yaml asks for.',
  },
  'RIG-LOCK-003': {
    title: 'torchrig.lock has a format that this rig does not read',
    explanation:
      'A newer rig wrote it, or it is not a lock of torchrig. Update torchrig, or run rig lock to make it anew.',
  },
  'RIG-LOCK-004': {
    title: 'torchrig.lock is damaged',
    explanation:
      'A value in it is missing, of the wrong form, twice there, or would lead out of its folder. Nothing of such a lock is used. Restore it from git, or run rig lock.',
  },
  'RIG-LOCK-005': {
    title: 'torchrig.lock cannot be read',
    explanation:
      'The file is there but the system refuses to give it: check its permissions and that it is a file.',
  },
  'RIG-LOCK-020': {
    title: 'A Debian package is not known',
    explanation:
      'No package index of the mirror has a package of that name, and nothing provides it. Names are those that apt uses; the nearest known ones are shown.',
  },
  'RIG-LOCK-021': {
    title: 'A virtual Debian package has several providers',
    explanation:
      'The name stands for a service that several packages offer, and apt would refuse it too. Write the package you mean in packages.debian.',
  },
  'RIG-LOCK-022': {
    title: 'A Debian package cannot be installed',
    explanation:
      'It needs something that the package indexes do not have, or not in that version. The chain shows who wanted it. Mixed or half-synchronised mirrors are the usual cause.',
  },
  'RIG-LOCK-023': {
    title: 'Two Debian packages cannot be installed together',
    explanation:
      'One of them declares Conflicts or Breaks against the other, and no alternative avoids it. The chains show who wanted them.',
  },
  'RIG-LOCK-024': {
    title: 'The Debian packages could not be resolved',
    explanation:
      'The search for a set without conflicts took too many steps. Ask for fewer packages or name the alternatives.',
  },
};
