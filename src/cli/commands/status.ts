import { EXIT } from '../../kernel/index.ts';
import { engineFor, nameOf } from '../flows/environment.ts';
import type { Handler } from '../outcome.ts';

export const handler: Handler<object, [name?: string]> = async (call, _flags, typed) => {
  const name = await nameOf(call, typed);
  const status = await engineFor(call).engine.status(name);
  const lines = [
    `${call.colors.bold(name)}: ${status.state}${status.reason ? ` (${status.reason})` : ''}`,
    status.imageDigest && `  image      ${status.imageDigest}`,
    status.mode && `  engine     ${status.engine} (${status.mode})`,
    status.workspace && `  workspace  ${status.workspace}`,
    status.started && `  started    ${status.started}`,
    status.state === 'running' &&
      status.ports['jupyter'] &&
      `  Jupyter    http://127.0.0.1:${status.ports['jupyter']}/lab   (rig open, rig token)`,
    ...status.notices.map((notice) => `  ${call.colors.yellow('!')} ${notice}`),
  ];
  return {
    data: status,
    text: lines.filter(Boolean).join('\n'),
    exitCode: status.state === 'missing' ? EXIT.failed : EXIT.ok,
  };
};
