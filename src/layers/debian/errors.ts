import type { ErrorCatalogue } from '../../kernel/index.ts';

/** Errors of Debian packages; part of the catalogue of the layers room. */
export const LAYERS_DEB_ERRORS: ErrorCatalogue = {
  'RIG-LAYERS-DEB-001': {
    title: 'A Debian package file is damaged',
    explanation:
      'A .deb is an ar archive of debian-binary, control.tar and data.tar (deb(5)). This one is cut off, has members that do not belong there, ' +
      'or its compressed data does not decompress. Remove it from the store and run the command again.',
  },
  'RIG-LAYERS-DEB-002': {
    title: 'A Debian package holds a member that is never unpacked',
    explanation:
      'Absolute paths, `..`, links that lead out of the package, devices, and paths through a link of the same package are refused, ' +
      'because unpacking them could write outside the image tree.',
  },
  'RIG-LAYERS-DEB-003': {
    title: 'A package has a maintainer script that rig does not know',
    explanation:
      'rig never runs the scripts of Debian packages. It applies their known effects from a table keyed by the hash of the script, and refuses ' +
      'a package whose script it does not know rather than build an image that is subtly wrong. Leave the package out, install it inside the ' +
      'running environment with apt-get install (where scripts run as usual), or update the table.',
  },
  'RIG-LAYERS-DEB-004': {
    title: 'Two Debian packages hold the same path',
    explanation:
      'A file may be in one package only, unless one of them says that it replaces the other or diverts its file. dpkg would refuse this set too.',
  },
  'RIG-LAYERS-DEB-005': {
    title: 'The effect of a maintainer script cannot be applied',
    explanation:
      'The table says what the script of a package does, but what it needs is not in the chosen set of packages: a file that it links to, ' +
      'a user or group, a certificate that cannot be read. Usually a base package is missing from the set.',
  },
};
