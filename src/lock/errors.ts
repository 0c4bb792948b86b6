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
  'RIG-LOCK-030': {
    title: 'A requirements file cannot be read',
    explanation:
      'The file named by packages.requirements in torchrig.yaml (or one that it includes) is missing or not of its kind: requirements.txt, pyproject.toml with a [project] table, or pylock.toml.',
  },
  'RIG-LOCK-031': {
    title: 'A requirement cannot be locked',
    explanation:
      'A lock holds names, versions and hashes of wheels that a package index serves. Folders, repositories, addresses, editable packages and index options in a requirements file have no place in it: other machines could not find them again. Serve a wheel through an index or find-links, and name indexes in the configuration of pip.',
  },
  'RIG-LOCK-032': {
    title: 'The Python packages do not go together',
    explanation:
      'uv found no set of versions that meets all requirements, among them the exact torch, torchvision and torchaudio of the plan. Its explanation names the packages that contradict each other: loosen one of them in packages.python.',
  },
  'RIG-LOCK-033': {
    title: 'A Python package has no wheel that fits',
    explanation:
      "rig installs wheels only and never builds from source, so that an image depends on nothing but its lock. This package publishes no wheel for the image's Python and platform. Take another version or package, or build a wheel and serve it through find-links.",
  },
  'RIG-LOCK-034': {
    title: 'The Python packages could not be looked up',
    explanation:
      'The package index did not answer, refused, or was too slow. Check the network, the proxy settings, the index (pip config list) and, for a private index, its credentials.',
  },
  'RIG-LOCK-035': {
    title: 'uv could not resolve the Python packages',
    explanation: 'uv stopped for the reason that is shown; mostly a requirement that is misspelt.',
  },
  'RIG-LOCK-036': {
    title: 'The package index does not serve this build of torch',
    explanation:
      'A release of torch is published for several CUDA versions; a package index serves one of them as its default, and others only where it carries versions like 2.7.1+cu118. The plan asks for one that the index here does not have.',
  },
  'RIG-LOCK-037': {
    title: 'A package index gives no hashes',
    explanation:
      'Without a sha256 from the index the lock could not tell later whether a file is still the same.',
  },
  'RIG-LOCK-038': {
    title: 'A hash in the requirements file does not match',
    explanation:
      'The requirements file allows certain files only (--hash, or the hashes of a pylock.toml), and none of those fits this image.',
  },
  'RIG-LOCK-040': {
    title: 'A name to upgrade is not in the lock',
    explanation: 'rig lock --upgrade NAME takes names of Python or Debian packages that torchrig.lock holds.',
  },
  'RIG-LOCK-041': {
    title: 'The base has another Python',
    explanation:
      "The environment runs on the base image's own Python, and packages are resolved for it. Write that version in torchrig.yaml, or choose another base.",
  },
  'RIG-LOCK-042': {
    title: 'The base cannot be locked',
    explanation:
      'A lock lists the Debian packages of the base. Only the bases that rig assembles itself have such a list.',
  },
};
