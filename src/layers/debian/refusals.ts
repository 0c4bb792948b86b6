import { RigError } from '../../kernel/index.ts';

/** A .deb that is not what deb(5) describes. */
export function damagedDeb(label: string, why: string, cause?: unknown): RigError {
  return new RigError('RIG-LAYERS-DEB-001', `${label} is not a sound Debian package: ${why}`, {
    hint: 'remove the file and let it be fetched again; if it stays so, the mirror serves a damaged package',
    cause,
  });
}

/** A .deb whose content would leave its place or make something an image must not hold. */
export function hostileDeb(label: string, why: string): RigError {
  return new RigError('RIG-LAYERS-DEB-002', `${label} is refused: ${why}`, {
    why: 'a package from the archive never holds such a member, so this file was tampered with or made by hand',
    hint: 'use the package of the Debian archive',
  });
}
