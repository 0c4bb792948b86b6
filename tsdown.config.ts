import { globSync } from 'tinyglobby';
import { basename } from 'node:path';
import { defineConfig } from 'tsdown';

/** Worker threads are entries of their own: dist/NAME.worker.js beside dist/rig.js. */
const workers = Object.fromEntries(
  globSync('src/**/*.worker.ts').map((file) => [basename(file, '.ts'), file]),
);

/** One chunk per lazily imported command: the start costs what one command costs. */
export default defineConfig({
  entry: { rig: 'src/cli/main.ts', ...workers },
  outDir: 'dist',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
  clean: true,
  dts: false,
  // Nothing happens by importing a module of ours but these: what a command does not use of a room's front door is not loaded.
  treeshake: { moduleSideEffects: (id) => !id.includes('/src/') || /main\.ts$|\.worker\.ts$/.test(id) },
  deps: {
    // LGPL: stays a replaceable dependency.
    neverBundle: ['openpgp'],
    alwaysBundle: [/^(?!openpgp$|node:).*/],
    onlyBundle: false,
  },
});
