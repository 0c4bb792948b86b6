import { access, constants, stat } from 'node:fs/promises';
import { ensureFolder, errnoOf, messageOf, RigError } from '../kernel/index.ts';

/** Makes the workspace folder of the host when missing. Throws RIG-WORKSPACE-003 when it cannot be made or written. */
export async function prepareWorkspace(path: string): Promise<void> {
  try {
    await ensureFolder(path);
    const found = await stat(path);
    if (!found.isDirectory()) throw unusable(path, 'it is not a folder');
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof RigError) throw error;
    throw unusable(path, reason(error), error);
  }
}

function reason(error: unknown): string {
  const code = errnoOf(error);
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not write there';
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'it, or a part of its path, is a file';
  return messageOf(error);
}

function unusable(path: string, why: string, cause?: unknown): RigError {
  return new RigError('RIG-WORKSPACE-003', `the workspace ${path} cannot be used`, {
    why,
    hint: 'name another folder: workspace: PATH in torchrig.yaml, or rig up -v PATH:/workspace',
    cause,
  });
}
