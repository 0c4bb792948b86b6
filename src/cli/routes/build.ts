import { buildRouteMap } from '@stricli/core';
import { defineCommand, nameArgument } from '../command.ts';
import type { RigContext } from '../command.ts';
import { flag, text } from './flags.ts';

export interface InitFlags {
  readonly preset?: string;
}
const init = defineCommand<InitFlags, []>({
  brief: 'Write a commented torchrig.yaml, .dockerignore and .gitignore',
  flags: {
    preset: text('PRESET', 'v2.7 (default) or tiny'),
  },
  load: () => import('../commands/init.ts'),
});

export interface LockFlags {
  readonly upgrade?: boolean;
  readonly check?: boolean;
  readonly force?: boolean;
  readonly exportPylock?: string;
}
const lock = defineCommand<LockFlags, string[]>({
  brief: 'Write torchrig.lock: every wheel and .deb with its sha256',
  description:
    'Keeps what is locked where it still fits. --upgrade takes newer versions: of everything, or of the names given.',
  flags: {
    upgrade: flag('Take newer versions (of NAME ..., or of everything)'),
    check: flag('Change nothing; exit 1 if the lock would change'),
    force: flag('Go on where compatibility says no'),
    exportPylock: text('FILE', 'Also write the Python part as pylock.toml'),
  },
  manyArgs: { brief: 'With --upgrade: only these packages', placeholder: 'NAME' },
  load: () => import('../commands/lock.ts'),
});

const outdated = defineCommand<object, [name?: string]>({
  brief: 'What in the lock has newer versions; changes nothing',
  flags: {},
  args: [nameArgument],
  load: () => import('../commands/outdated.ts'),
});

export interface BuildFlags {
  readonly output?: string;
  readonly cache?: boolean;
  readonly force?: boolean;
}
const build = defineCommand<BuildFlags, []>({
  brief: 'Lock -> OCI image; prints the digest',
  flags: {
    output: text('oci:DIR|FILE.tar', 'Write an OCI layout or a docker-loadable archive'),
    cache: {
      kind: 'boolean',
      optional: true,
      brief: 'Use what is known of layers (default); --no-cache makes and hashes all anew',
    },
    force: flag('Go on where compatibility says no'),
  },
  aliases: { o: 'output' },
  load: () => import('../commands/build.ts'),
});

const verify = defineCommand<object, [path: string]>({
  brief: 'Check an image fully: digests, diffIDs, tar members, configuration',
  flags: {},
  args: [{ brief: 'oci:DIR or FILE.tar', placeholder: 'IMAGE', parse: String, optional: false }],
  load: () => import('../commands/imageVerify.ts'),
});
const image = buildRouteMap<'verify', RigContext>({
  routes: { verify },
  docs: { brief: 'Look into images' },
});

export interface GcFlags {
  readonly dryRun?: boolean;
  readonly verify?: boolean;
}
const gc = defineCommand<GcFlags, []>({
  brief: 'Remove stored files that no environment needs',
  flags: {
    dryRun: flag('Only say what would go'),
    verify: flag('Also hash every stored file, and remove damaged ones'),
  },
  load: () => import('../commands/gc.ts'),
});

export const buildRoutes = { init, lock, outdated, build, image, gc };
