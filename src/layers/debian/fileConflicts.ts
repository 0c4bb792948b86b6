import { EXIT, RigError } from '../../kernel/index.ts';
import { byteOrder } from './byteOrder.ts';
import type { DebPackage } from './debPackage.ts';
import { imagePath } from './imagePath.ts';
import type { Adjustments } from './unpackDeb.ts';

/** True if `deb` says that it replaces files of `other` (Debian Policy 7.6.1; versions are left to the resolver). */
function replaces(deb: DebPackage, other: string): boolean {
  const names = (deb.fields.get('Replaces') ?? '').split(',').map((each) => each.trim().split(/[\s(:]/)[0]);
  return names.includes(other);
}

/** Moves for the files of other packages that a package diverts (dpkg-divert(1), `--rename`). */
function diverted(packages: readonly DebPackage[]): Map<string, { to: string; owner: string }> {
  const moves = new Map<string, { to: string; owner: string }>();
  for (const { effects } of packages) {
    for (const effect of effects) {
      if (effect.kind !== 'divert' || !effect.rename) continue;
      moves.set(imagePath(effect.path.slice(1)), {
        to: imagePath(effect.to.slice(1)),
        owner: effect.package,
      });
    }
  }
  return moves;
}

/**
 * Files that are in two packages, settled as dpkg settles them: moved aside by a diversion, or dropped from the package that the
 * other replaces. Returns, by package, what to change when it is unpacked. Throws RIG-LAYERS-DEB-004 for any other clash.
 */
export function settleConflicts(
  packages: readonly DebPackage[],
): Map<string, Pick<Adjustments, 'drop' | 'renames'>> {
  const changes = new Map<string, Pick<Adjustments, 'drop' | 'renames'>>();
  const moves = diverted(packages);
  const owners = new Map<string, { deb: DebPackage; type: string }>();
  const change = (deb: DebPackage): Pick<Adjustments, 'drop' | 'renames'> => {
    const known = changes.get(deb.name) ?? { drop: [], renames: [] };
    changes.set(deb.name, known);
    return known;
  };
  for (const deb of [...packages].sort((a, b) => byteOrder(a.name, b.name))) {
    for (const { path, type } of deb.piece.entries) {
      const move = moves.get(path);
      if (move && move.owner !== deb.name) {
        change(deb).renames.push({ from: path, to: move.to });
        continue;
      }
      const other = owners.get(path);
      if (!other || (other.type === 'dir' && type === 'dir')) {
        owners.set(path, { deb, type });
      } else if (replaces(deb, other.deb.name) && type !== 'dir') {
        change(other.deb).drop.push(path);
        owners.set(path, { deb, type });
      } else if (replaces(other.deb, deb.name) && other.type !== 'dir') {
        change(deb).drop.push(path);
      } else throw clash(path, other.deb, deb);
    }
  }
  return changes;
}

function clash(path: string, one: DebPackage, two: DebPackage): RigError {
  return new RigError(
    'RIG-LAYERS-DEB-004',
    `${one.name} ${one.version} and ${two.name} ${two.version} both hold /${path}`,
    {
      why: 'neither says that it replaces or diverts the file of the other, so dpkg would refuse them too',
      hint: `take one of them out of packages.debian, or lock again: \`rig lock --upgrade ${one.name} ${two.name}\``,
      exitCode: EXIT.failed,
    },
  );
}
