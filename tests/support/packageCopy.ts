import { cp, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const PARTS = ['dist', 'presets', 'package.json', 'schema', 'python'];

/** Copies what `npm pack` packs into a folder: rig without its sources. Returns the program's path. */
export async function packageCopy(
  to: string,
  options: { withLayerFacts?: boolean; ownModules?: boolean } = {},
): Promise<string> {
  await mkdir(to, { recursive: true });
  for (const part of PARTS) await cp(join(CHECKOUT, part), join(to, part), { recursive: true });
  if (options.ownModules === true) {
    // What the bundle leaves outside.
    await cp(join(CHECKOUT, 'node_modules/openpgp'), join(to, 'node_modules/openpgp'), { recursive: true });
  } else await symlink(join(CHECKOUT, 'node_modules'), join(to, 'node_modules'));
  if (options.withLayerFacts === false) {
    for (const preset of await readdir(join(to, 'presets')))
      await rm(join(to, 'presets', preset, 'layers.json'), { force: true });
  }
  return join(to, 'dist/rig.js');
}
