import type { Piece } from '../piece.ts';
import type { ControlFields } from './controlFields.ts';
import type { ControlFiles } from './controlTar.ts';
import type { Effect } from './effects.ts';

/** All that is known of one unpacked Debian package. */
export interface DebPackage {
  name: string;
  version: string;
  arch: string;
  /** `same`, `foreign`, `allowed`, or '' when the field is missing. */
  multiArch: string;
  fields: ControlFields;
  control: ControlFiles;
  /** Of preinst and postinst, in this order. */
  effects: readonly Effect[];
  piece: Piece;
  /** Paths of the tar as shipped, for dpkg's `.list`. */
  shipped: readonly string[];
  /** Folder on disk with the piece's files. */
  tree: string;
}

/** `libc6:amd64` for packages that may be installed for several architectures at once, else the bare name (dpkg's own naming). */
export function databaseName(deb: Pick<DebPackage, 'name' | 'arch' | 'multiArch'>): string {
  return deb.multiArch === 'same' ? `${deb.name}:${deb.arch}` : deb.name;
}
