import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the installed package (presets/ and schema/ lie in it), from the sources and from the bundle alike. */
export function packageFolder(from: string = dirname(fileURLToPath(import.meta.url))): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'presets', 'v2.7', 'torchrig.yaml'))) return folder;
    if (dirname(folder) === folder) throw new Error(`presets/ of torchrig was not found above ${from}`);
  }
}
