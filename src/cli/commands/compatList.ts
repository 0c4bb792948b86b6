import { loadTables } from '../../compat/index.ts';
import { layoutOf } from '../flows/environment.ts';
import type { Handler } from '../outcome.ts';
import { table } from '../render/table.ts';

export const handler: Handler<object, []> = async (call) => {
  const { tables, origin } = await loadTables(layoutOf(call));
  const rows = tables.releases.map((release) => [
    release.status === 'read' ? `${release.version} *` : release.version,
    Object.keys(release.variants).join(' '),
    release.torchvision ?? '-',
    release.torchaudio ?? '-',
    release.triton ?? '-',
  ]);
  const marked = tables.releases.some(({ status }) => status === 'read')
    ? '* read out of its wheels, not reviewed; '
    : '';
  return {
    data: { date: tables.date, origin, releases: tables.releases },
    text: `${table(['torch', 'variants', 'torchvision', 'torchaudio', 'Triton'], rows, call.colors)}\n\n${marked}tables of ${tables.date} (${origin === 'builtin' ? 'built-in' : 'updated'})`,
  };
};
