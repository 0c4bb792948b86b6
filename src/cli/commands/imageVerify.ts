import { resolve } from 'node:path';
import { validateImage } from '../../image/index.ts';
import { EXIT } from '../../kernel/index.ts';
import type { Handler } from '../outcome.ts';

export const handler: Handler<object, [path: string]> = async (call, _flags, given) => {
  const path = resolve(call.cwd, given.startsWith('oci:') ? given.slice(4) : given);
  const report = await validateImage(path, { progress: call.progress });
  return { data: report, text: JSON.stringify(report, null, 2), exitCode: EXIT.ok };
};
