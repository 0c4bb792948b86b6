import { access, constants, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureFolder } from './ensureFolder.ts';
import { errnoOf, messageOf, RigError } from './errors.ts';

const HINT = 'set TORCHRIG_HOME to a folder on a local disk that you may write';
const IN_CONTAINER =
  '; in a container with a read-only root, to a volume: docker run -v rig:/data -e TORCHRIG_HOME=/data';

/** Makes TORCHRIG_HOME (0700: set-uid files of images lie in it). Throws RIG-KERNEL-002 when it cannot be made or written. */
export async function prepareHome(root: string): Promise<void> {
  try {
    await ensureFolder(dirname(root));
    await ensureFolder(root, 0o700);
    await access(root, constants.W_OK | constants.X_OK);
    await statfs(root);
  } catch (error) {
    throw new RigError('RIG-KERNEL-002', `TORCHRIG_HOME ${root} cannot be used`, {
      why: reason(error),
      hint: HINT + (errnoOf(error) === 'EROFS' ? IN_CONTAINER : ''),
      cause: error,
    });
  }
}

function reason(error: unknown): string {
  const code = errnoOf(error);
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not write there';
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'it, or a part of its path, is a file';
  return messageOf(error);
}
