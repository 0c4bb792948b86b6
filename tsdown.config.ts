import { defineConfig } from 'tsdown';

/** One chunk per lazily imported command; workers are entries of their own. */
export default defineConfig({
  entry: {
    rig: 'src/cli/main.ts',
  },
  outDir: 'dist',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  clean: true,
  dts: false,
  sourcemap: false,
  minify: false,
  // LGPL: stays a replaceable dependency.
  external: ['openpgp'],
  noExternal: [/^(?!openpgp$|node:).*/],
  inlineOnly: false,
});
