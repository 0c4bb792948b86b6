import { buildApplication, buildRouteMap } from '@stricli/core';
import type { Application, Command, RouteMap } from '@stricli/core';
import type { RigContext } from './command.ts';
import { aboutRoutes } from './routes/about.ts';
import { buildRoutes } from './routes/build.ts';
import { checkRoutes } from './routes/check.ts';
import { environmentRoutes } from './routes/environment.ts';

type RoutingTarget = Command<RigContext> | RouteMap<RigContext>;

/** Commands by the question they answer, in the order of `rig help`. */
export const GROUPS: readonly { title: string; routes: Readonly<Record<string, RoutingTarget>> }[] = [
  { title: 'An environment', routes: environmentRoutes },
  { title: 'What it is made of', routes: buildRoutes },
  { title: 'Will it run, and why not', routes: checkRoutes },
  { title: 'About rig', routes: aboutRoutes },
];

/** All commands as data. Each is loaded when it is called: the start costs what one command costs. */
export function application(): Application<RigContext> {
  const routes: Record<string, RoutingTarget> = {};
  for (const group of GROUPS) Object.assign(routes, group.routes);
  const root = buildRouteMap<string, RigContext>({
    routes,
    docs: { brief: 'One command, and a machine has a locked, verified, GPU-ready PyTorch environment.' },
  });
  return buildApplication<RigContext>(root, {
    name: 'rig',
    scanner: { caseStyle: 'allow-kebab-for-camel' },
    documentation: { caseStyle: 'convert-camel-to-kebab' },
  });
}
