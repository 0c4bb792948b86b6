import { indexWheelSource, loadTables, verifyTables } from '../../compat/index.ts';
import { EXIT } from '../../kernel/index.ts';
import { pythonSide } from '../flows/sources.ts';
import { layoutOf } from '../flows/environment.ts';
import type { Handler } from '../outcome.ts';

export const handler: Handler<object, []> = async (call) => {
  const { tables } = await loadTables(layoutOf(call));
  const side = await pythonSide(call);
  try {
    const task = 'compat-verify';
    call.progress({
      kind: 'task',
      task,
      label: 'reading wheels',
      unit: 'steps',
      total: tables.releases.length,
    });
    const result = await verifyTables(tables, indexWheelSource(side.index, side.http), {
      onRow: () => call.progress({ kind: 'advance', task, by: 1 }),
    });
    call.progress({ kind: 'done', task });
    const bad = result.rows.filter(({ outcome }) => outcome === 'different' || outcome === 'failed');
    const same = result.rows.filter(({ outcome }) => outcome === 'same').length;
    const lines = bad.flatMap(({ torch, platform, differences, problem }) => [
      `torch ${torch} ${platform}: ${problem ?? ''}`,
      ...differences.map(
        ({ field, table, wheel }) => `  ${field}: the table says ${table}, the wheel ${wheel}`,
      ),
    ]);
    if (result.unknown.length > 0)
      lines.push(`not in the table: ${result.unknown.join(', ')} (rig compat learn)`);
    lines.push(`${same} rows are as the wheels say, ${bad.length} are not`);
    return { data: result, text: lines.join('\n'), exitCode: result.ok ? EXIT.ok : EXIT.failed };
  } finally {
    await side.http.close();
  }
};
