import { errnoOf, messageOf, RigError } from '../kernel/index.ts';

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota on the disk is used up',
  EROFS: 'the disk is read-only',
  EACCES: 'writing is not permitted there',
  EPERM: 'writing is not permitted there',
  ENOTDIR: 'a part of the path is no folder',
};

/** RIG-LAYERS-010 for a disk that is full or cannot be written; any other error as it is. */
export function diskTrouble(error: unknown, folder: string): unknown {
  const why = REASONS[errnoOf(error) ?? ''];
  if (why === undefined) return error;
  return new RigError('RIG-LAYERS-010', `cannot write below ${folder}`, {
    why: `${why} (${messageOf(error)})`,
    hint: 'rig gc, or set TORCHRIG_HOME to a folder on another disk',
    details: { folder, errno: errnoOf(error) },
    cause: error,
  });
}
