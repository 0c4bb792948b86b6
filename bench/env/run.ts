/**
 * Measures `rig up` and what belongs to it against its peers, on this machine in one run, and writes JSON; scripts/readmeTable.ts makes
 * the table of README.md from it. Everything is made in a scratch folder and removed again.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { closeBench, openBench } from './bench.ts';
import type { Bench } from './bench.ts';
import { load, machineFacts, versionOf } from './machine.ts';
import { readOptions, USAGE } from './options.ts';
import { skipped } from './results.ts';
import type { Row, RowDefinition } from './results.ts';
import { COLD_UP, coldUp } from './rows/coldUp.ts';
import { DISK, disk } from './rows/disk.ts';
import { IMAGE_CHANGE, IMAGE_FIRST, imageChange, imageFirst } from './rows/image.ts';
import { IMPORT, importTime } from './rows/importTime.ts';
import { LOCK, lockTime } from './rows/lockTime.ts';
import { MEMORY, memory } from './rows/memory.ts';
import { SECOND_UP, secondUp, WARM_UP, warmUp } from './rows/warmUp.ts';

/** In the order in which they are measured: the cold one first, the disk before anything is built in the home, memory last. */
const ROWS: readonly (readonly [RowDefinition, (bench: Bench) => Promise<Row>])[] = [
  [COLD_UP, coldUp],
  [WARM_UP, warmUp],
  [SECOND_UP, secondUp],
  [IMPORT, importTime],
  [LOCK, lockTime],
  [DISK, disk],
  [IMAGE_FIRST, imageFirst],
  [IMAGE_CHANGE, imageChange],
  [MEMORY, memory],
];

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Both sides run with Python's own defaults: a PYTHONDONTWRITEBYTECODE of this shell would cost the peer its byte code. */
function forgetPythonSettings(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('PYTHON')) delete process.env[name];
}

async function measureAll(): Promise<boolean> {
  forgetPythonSettings();
  const options = readOptions(process.argv.slice(2));
  const unknown = options.rows.filter((id) => !ROWS.some(([row]) => row.id === id));
  if (unknown.length > 0)
    throw new TypeError(
      `no such row: ${unknown.join(', ')}; there are ${ROWS.map(([{ id }]) => id).join(', ')}`,
    );
  const loadBefore = load();
  const bench = await openBench(options, say);
  const rows: Row[] = [];
  try {
    for (const [definition, measure] of ROWS) {
      if (options.rows.length > 0 && !options.rows.includes(definition.id)) continue;
      say(`${definition.id} ...`);
      const row = await measure(bench).catch((error: unknown) => {
        say(String(error));
        return skipped(definition, 'it failed; the run says why');
      });
      rows.push(row);
      const { rig, peer, ratio, ok } = row;
      say(
        `${row.id}: rig ${rig?.value ?? '-'} ${row.unit}, peer ${peer?.value ?? '-'}, ratio ${ratio ?? '-'}: ${ok}`,
      );
    }
  } finally {
    await closeBench(bench);
  }
  const versions = { uv: bench.uv.version, buildah: versionOf('buildah') ?? null };
  const { lock } = bench;
  const set = {
    name: options.set.replace(/.*\//, ''),
    wheels: lock.python.length,
    debs: lock.debian.length,
    python: lock.asked.python,
    torch: lock.plan?.torch ?? null,
  };
  const date = new Date().toISOString().slice(0, 10);
  const result = { format: 1, date, machine: machineFacts(), loadBefore, versions, set, rows };
  await mkdir(dirname(options.out), { recursive: true });
  await writeFile(options.out, `${JSON.stringify(result, null, 2)}\n`);
  return rows.every(({ skipped: reason }) => reason === undefined);
}

try {
  if (!(await measureAll())) process.exitCode = 1;
} catch (error) {
  say(error instanceof TypeError ? `${error.message}\n${USAGE}` : String((error as Error).stack));
  process.exitCode = 2;
}
