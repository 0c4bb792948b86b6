import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  indexWheelSource,
  keepLearned,
  learnRelease,
  loadTables,
  servedVariants,
  solve,
  updateTables,
  verifyTables,
} from '../../src/compat/index.ts';
import type { WheelSource } from '../../src/compat/index.ts';
import { homeLayout, messageOf } from '../../src/kernel/index.ts';
import { pythonIndex, pythonSources } from '../../src/sources/index.ts';
import { createHttp } from '../../src/store/index.ts';

/*
 * Against the package source of this machine, whatever it is: the wheels themselves say whether the tables are right.
 */
const http = createHttp();
afterAll(() => http.close());

async function reach(): Promise<{ source: WheelSource; versions: string[] } | { reason: string }> {
  try {
    const index = pythonIndex(await pythonSources(), http);
    const versions = [...new Set((await index.servedWheels('torch')).map((wheel) => wheel.version))];
    if (!versions.includes('2.15.0')) return { reason: 'the package source has no torch 2.15.0' };
    return { source: indexWheelSource(index, http), versions };
  } catch (error) {
    return { reason: messageOf(error) };
  }
}
const reached = await reach();
const offline = 'reason' in reached ? ` (skipped: ${reached.reason})` : '';
const { tables } = await loadTables();

describe.skipIf(offline !== '')(`the wheels of this machine's package source${offline}`, () => {
  const { source, versions } = reached as { source: WheelSource; versions: string[] };

  it('bring back the row of 2.15.0, taken out of the table', async () => {
    const root = await mkdtemp(join(tmpdir(), 'rig-learn-'));
    try {
      const home = homeLayout(root);
      const without = {
        ...tables,
        date: '2099-01-01',
        releases: tables.releases.filter((row) => row.version !== '2.15.0'),
      };
      await updateTables({ from: Buffer.from(JSON.stringify(without)), home });
      const poorer = (await loadTables(home)).tables;
      expect(servedVariants(versions, 'linux/amd64', poorer).unknown).toContain('2.15.0');

      const { release } = await learnRelease(source, '2.15.0', { today: '2026-11-21' });
      await keepLearned(release, home);
      const richer = await loadTables(home);
      expect(richer.learned).toEqual(['2.15.0']);
      const result = solve(
        { torch: '2.15' },
        {
          platform: 'linux/amd64',
          driver: { kernelModule: '580.65.06' },
          gpus: [{ name: 'NVIDIA GeForce RTX 5090', computeCapability: '12.0' }],
        },
        richer.tables,
      );
      expect(result).toMatchObject({
        ok: true,
        plan: {
          variant: 'cu132',
          cuda: '13.2.2',
          cudnn: '9.26.0.51',
          nccl: '2.30.7',
          triton: '3.9.0',
          torchvision: '0.29.2',
          torchaudio: null,
          architectures: ['7.5', '8.0', '8.6', '9.0', '10.0', '12.0'],
          ptx: null,
        },
      });
      expect(result.warnings.map((warning) => warning.id)).toContain('row-read');
      const reviewed = tables.releases.at(-1);
      expect(reviewed).toMatchObject({
        version: '2.15.0',
        python: release.python,
        indexDefault: release.indexDefault,
      });
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('agree with every default row, in three minutes at most', async () => {
    const started = performance.now();
    const { rows, ok } = await verifyTables(tables, source);
    expect(
      rows
        .filter((row) => row.outcome !== 'same')
        .map(({ torch, outcome, differences, problem }) => ({ torch, outcome, differences, problem })),
    ).toEqual([]);
    expect(ok).toBe(true);
    expect(rows).toHaveLength(tables.releases.length);
    expect(performance.now() - started).toBeLessThan(180_000);
  });

  it('agree with the default rows of aarch64', async () => {
    const { rows } = await verifyTables(tables, source, { platforms: ['linux/arm64'], companions: false });
    expect(
      rows
        .filter((row) => row.outcome !== 'same')
        .map(({ torch, outcome, differences, problem }) => ({ torch, outcome, differences, problem })),
    ).toEqual([]);
  });
});
