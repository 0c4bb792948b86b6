import { engineFor } from '../flows/environment.ts';
import type { Handler } from '../outcome.ts';
import { table } from '../render/table.ts';

export const handler: Handler<object, []> = async (call) => {
  const { engine } = engineFor(call);
  const environments = await engine.list();
  const rows = environments.map((each) => [
    each.name,
    each.state + (each.reason ? ` (${each.reason})` : ''),
    `${each.engine}${each.mode ? ` (${each.mode})` : ''}`,
    each.imageDigest?.slice(7, 19) ?? '-',
    Object.entries(each.ports)
      .map(([service, port]) => `${service} ${port}`)
      .join(', ') || '-',
    each.workspace ?? '-',
  ]);
  return {
    data: { environments },
    text:
      rows.length === 0
        ? 'no environments yet; rig up makes one'
        : table(['name', 'state', 'engine', 'image', 'ports', 'workspace'], rows, call.colors),
  };
};
