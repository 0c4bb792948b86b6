import { buildApplication, buildRouteMap } from '@stricli/core';
import type { Application } from '@stricli/core';
import { defineCommand } from './command.ts';
import type { RigContext } from './command.ts';

/** All commands as data. Each is loaded when it is called: the start costs what one command costs. */
export function application(): Application<RigContext> {
  const version = defineCommand<object, []>({
    brief: 'The version of rig',
    flags: {},
    load: () => import('./commands/version.ts'),
  });
  const routes = buildRouteMap<string, RigContext>({
    routes: { version },
    docs: { brief: 'One command, and a machine has a locked, verified, GPU-ready PyTorch environment.' },
  });
  return buildApplication<RigContext>(routes, {
    name: 'rig',
    scanner: { caseStyle: 'allow-kebab-for-camel' },
    documentation: { caseStyle: 'convert-camel-to-kebab' },
  });
}
