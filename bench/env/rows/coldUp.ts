import { NAME, flushed, removeAside, rig, setAside, settled } from '../bench.ts';
import type { Bench } from '../bench.ts';
import { figure, measured, round } from '../results.ts';
import type { Row, RowDefinition } from '../results.ts';
import { measuredUp } from '../rigUp.ts';
import type { UpMeasured } from '../rigUp.ts';
import { makeVenv } from '../venv.ts';

export const COLD_UP: RowDefinition = {
  id: 'cold-up',
  what: '`rig up` with an empty store to Jupyter answering, against `uv pip install` of the same locked wheels with an empty cache',
  unit: 's',
  goal: { kind: 'ratio at most', target: 1.5, stretch: 1 },
  peerWhat: 'uv venv + uv pip install --no-deps --require-hashes, empty cache',
};

const megabytes = (files: readonly { size: number }[]): number =>
  Math.round(files.reduce((sum, { size }) => sum + size, 0) / 1e6);

export async function coldUp(bench: Bench): Promise<Row> {
  const runs: UpMeasured[] = [];
  const peer: number[] = [];
  for (let run = 0; run < bench.options.heavyRuns; run += 1) {
    if (run > 0) await rig(bench, ['down', NAME, '--purge', '--yes']);
    await setAside(bench, bench.home);
    await flushed();
    runs.push(await measuredUp(bench, { peakOf: 'cold-up' }));
    await settled(bench, bench.home, 'cold-up');
    // What is warmed in the background would disturb the peer.
    await rig(bench, ['down', NAME]);
    await flushed();
    peer.push(await makeVenv(bench));
    await flushed();
  }
  await removeAside(bench);
  const [last] = runs.slice(-1);
  const { debian, python } = bench.lock;
  return measured(COLD_UP, {
    rig: figure(
      runs.map(({ answerSeconds }) => answerSeconds),
      {
        commandWithVerificationSeconds: round(last?.commandSeconds ?? 0),
        ...last?.timings,
        megabytesFetched: Math.round((last?.bytesFetched ?? 0) / 1e6),
      },
    ),
    peer: figure(peer),
    notes: [
      `both fetch ${python.length} wheels, ${megabytes(python)} MB, through the same index settings; rig alone also fetches and unpacks ${debian.length} Debian packages, ${megabytes(debian)} MB, builds the root file system and starts Jupyter`,
      'the whole command, with the verification by real work that follows the answer, is commandWithVerificationSeconds',
      'the peer resolves nothing either: --no-deps, versions and hashes of the lock',
      ...(bench.addressed.size > 0
        ? [
            `${bench.addressed.size} wheel(s) that the peer would have taken from another index are given to it by address`,
          ]
        : []),
    ],
  });
}
