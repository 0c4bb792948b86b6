import { NAME, rig } from '../bench.ts';
import type { Bench } from '../bench.ts';
import { figure, measured, median, round } from '../results.ts';
import type { Figure, Row, RowDefinition } from '../results.ts';
import { ensureUp } from '../rigUp.ts';
import { runProcess } from '../runProcess.ts';
import { ensureVenv, venvProgram } from '../venv.ts';

export const IMPORT: RowDefinition = {
  id: 'import',
  what: '`import torch` in the environment, against the venv',
  unit: 's',
  goal: { kind: 'ratio at most', target: 1.05 },
  peerWhat: 'the same import in the venv',
};

interface Imported {
  import: number;
  command: number;
}

const side = (runs: readonly Imported[]): Figure =>
  figure(
    runs.map((run) => run.import),
    { commandSeconds: round(median(runs.map((run) => run.command))) },
  );

export async function importTime(bench: Bench): Promise<Row> {
  await ensureUp(bench);
  await ensureVenv(bench);
  const code = `import time; t = time.perf_counter(); import ${bench.module}; print(time.perf_counter() - t)`;
  const inside: Imported[] = [];
  const outside: Imported[] = [];
  // The first of each writes byte code and reads the files into memory: not counted.
  for (let run = 0; run <= bench.options.runs; run += 1) {
    const here = await rig(bench, ['exec', NAME, '--', 'python', '-c', code]);
    const there = await runProcess(venvProgram(bench, 'python'), ['-c', code]);
    if (run === 0) continue;
    inside.push({ import: Number(here.stdout), command: here.seconds });
    outside.push({ import: Number(there.stdout), command: there.seconds });
  }
  return measured(IMPORT, {
    rig: side(inside),
    peer: side(outside),
    notes: [
      `import ${bench.module}, timed inside Python with byte code on both sides; the whole commands, \`rig exec\` and \`python -c\`, are commandSeconds`,
    ],
  });
}
