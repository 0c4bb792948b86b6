/**
 * Reads the index-default wheels of every release in the tables and keeps what they say in
 * src/compat/tables/readings.json, from which makeCompatTables.ts corrects and completes the facts: `tsx scripts/readWheels.ts`.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { indexWheelSource, loadTables, verifyTables } from '../src/compat/index.ts';
import { pythonIndex, pythonSources } from '../src/sources/index.ts';
import { createHttp } from '../src/store/index.ts';

const OUT = join(fileURLToPath(import.meta.url), '..', '..', 'src', 'compat', 'tables', 'readings.json');

async function main(): Promise<void> {
  const http = createHttp();
  const source = indexWheelSource(pythonIndex(await pythonSources(), http), http);
  const { tables } = await loadTables();
  const { rows } = await verifyTables(tables, source, { platforms: ['linux/amd64', 'linux/arm64'] });
  const read = new Date().toISOString().slice(0, 10);
  const readings = rows.flatMap(({ reading, torch, platform, outcome, problem, differences }) => {
    if (outcome !== 'same')
      process.stderr.write(
        `torch ${torch} ${platform}: ${problem ?? outcome} ${JSON.stringify(differences)}\n`,
      );
    if (!reading || reading.cuda === null) return [];
    const { version, variant, architectures, ptx, glibc, nvidia, triton } = reading;
    return [{ version, variant, platform, architectures, ptx, glibc, nvidia, triton, read }];
  });
  readings.sort((a, b) => a.platform.localeCompare(b.platform));
  await writeFile(OUT, `${JSON.stringify(readings, null, 1)}\n`);
  await http.close();
}

await main();
