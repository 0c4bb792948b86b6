import { NAME, rig } from '../bench.ts';
import type { Bench } from '../bench.ts';
import { bareJupyter } from '../jupyter.ts';
import { figure, measured, median, round } from '../results.ts';
import type { Row, RowDefinition } from '../results.ts';
import { ensureUp, measuredUp } from '../rigUp.ts';
import { ensureVenv } from '../venv.ts';

export const WARM_UP: RowDefinition = {
  id: 'warm-up',
  what: 'warm `rig up` (all stored, environment stopped), against `jupyter lab` started bare in a venv of the same packages',
  unit: 's',
  goal: { kind: 'ratio at most', target: 1.15 },
  peerWhat: 'jupyter lab of the venv',
};

export async function warmUp(bench: Bench): Promise<Row> {
  await ensureUp(bench);
  await ensureVenv(bench);
  const answers: number[] = [];
  const commands: number[] = [];
  const peer: number[] = [];
  // The first of each writes byte code and fills caches: not counted.
  for (let run = 0; run <= bench.options.runs; run += 1) {
    await rig(bench, ['down', NAME]);
    const up = await measuredUp(bench);
    const bare = await bareJupyter(bench);
    if (run === 0) continue;
    answers.push(up.answerSeconds);
    commands.push(up.commandSeconds);
    peer.push(bare);
  }
  return measured(WARM_UP, {
    rig: figure(answers, { commandSeconds: round(median(commands)) }),
    peer: figure(peer),
    notes: [
      'from spawn until /api/status answers 200 to the token, asked every 20 ms; byte code is warm on both sides; rig’s verification is the remembered one',
    ],
  });
}

export const SECOND_UP: RowDefinition = {
  id: 'second-up',
  what: 'second `rig up` when it runs already',
  unit: 's',
  goal: { kind: 'at most', target: 0.3 },
  peerWhat: 'none',
};

export async function secondUp(bench: Bench): Promise<Row> {
  await ensureUp(bench);
  const runs: number[] = [];
  for (let run = 0; run <= bench.options.runs; run += 1) {
    const { seconds } = await rig(bench, ['up', NAME, '--json']);
    if (run > 0) runs.push(seconds);
  }
  return measured(SECOND_UP, {
    rig: figure(runs),
    peer: null,
    notes: ['the whole process, start of Node included'],
  });
}
