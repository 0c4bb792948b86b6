import type { ErrorCatalogue } from '../kernel/index.ts';

/** Every code this room throws. */
export const SOURCES_ERRORS: ErrorCatalogue = {
  'RIG-SOURCES-001': {
    title: 'No Python package index is known',
    explanation:
      "rig asks pip and uv which package index this machine uses. Neither has a setting, and no pip could be asked for its default. Install pip (for example the package python3-pip), or set TORCHRIG_PYTHON_INDEX to the address of an index's simple API.",
  },
  'RIG-SOURCES-002': {
    title: 'The Python package index did not answer as an index',
    explanation:
      'The index could not be reached, refused, or answered with something that is no project page of the simple API (PEP 503, PEP 691). Check the address (pip config list), the network, the proxy settings and, for a private index, the credentials in the address or in netrc.',
  },
  'RIG-SOURCES-003': {
    title: 'A locked wheel is not to be had',
    explanation:
      'None of the package indexes and find-links folders lists the file, or they list it with another hash. It may have been deleted or come from an index that is not configured here. Configure that index (extra-index-url), or lock again.',
  },
  'RIG-SOURCES-004': {
    title: 'A pip, uv or apt setting cannot be read',
    explanation:
      'The file named in the message has a syntax that its owner would refuse as well. Correct it.',
  },
  'RIG-SOURCES-005': {
    title: 'No Debian mirror is known',
    explanation:
      "The image's base is assembled from Debian packages. On a Debian host the mirror of apt's sources is used. Elsewhere set TORCHRIG_DEBIAN_MIRROR (and TORCHRIG_DEBIAN_SECURITY_MIRROR for the security archive) to the address above dists/ and pool/.",
  },
  'RIG-SOURCES-006': {
    title: 'A Debian index is not signed by a key we trust',
    explanation:
      'The InRelease file has no valid signature of the Debian archive keys that ship with rig, or it was changed after it was signed. Nothing of it was used. A mirror that signs with a key of its own can be trusted by naming its keyring in Signed-By of the apt source.',
  },
  'RIG-SOURCES-007': {
    title: 'A Debian index is out of date or not what was asked for',
    explanation:
      'The InRelease file has expired (Valid-Until), or speaks of another suite. The mirror may be stale or an attacker may be replaying old data; if the clock of this machine is wrong, set it. Hosts whose apt has Acquire::Check-Valid-Until off are followed in this.',
  },
  'RIG-SOURCES-008': {
    title: 'A Debian index cannot be had',
    explanation:
      'The mirror could not be reached, does not carry the suite, or sent a Packages file that differs from the signed InRelease. Mirrors are briefly inconsistent while they update: try again in a few minutes, or name another mirror with TORCHRIG_DEBIAN_MIRROR.',
  },
  'RIG-SOURCES-009': {
    title: 'uv is missing and could not be obtained',
    explanation:
      'Python packages are resolved by uv. It was not found on PATH, and pip could not install it into TORCHRIG_HOME. Install uv, or see the reason in the message: mostly the network or a pip that is missing.',
  },
  'RIG-SOURCES-010': {
    title: 'A remote file cannot be read in pieces',
    explanation:
      'Reading a table out of a wheel without downloading it needs a server that serves byte ranges. This one does not, or the file is damaged.',
  },
};
