import { initFiles, writeInitFiles } from '../../spec/index.ts';
import type { Handler } from '../outcome.ts';
import type { InitFlags } from '../routes/build.ts';

export const handler: Handler<InitFlags, []> = async (call, flags) => {
  const files = await initFiles({ folder: call.cwd, ...(flags.preset ? { preset: flags.preset } : {}) });
  await writeInitFiles(files);
  const verb = { create: 'written', append: 'lines added', keep: 'kept as it is' };
  return {
    data: { files: files.map(({ name, path, action }) => ({ name, path, action })) },
    text: [...files.map(({ name, action }) => `${name}: ${verb[action]}`), 'next: rig up'].join('\n'),
  };
};
