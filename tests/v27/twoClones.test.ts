import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { packageCopy } from '../support/packageCopy.ts';
import { rigAt } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

interface Built {
  digest: string;
  configDigest: string;
  layers: object[];
  bytesFetched: number;
}

const canPin = spawnSync('taskset', ['-c', '1', 'true']).status === 0;
const reason = canPin ? '' : ' [skipped: taskset is missing, or there is only one core]';

// The slow way, on purpose: every wheel is read, hashed and spliced, every .deb compressed. The two run side by side.
describe.skipIf(reason)(`v2.7, built from its files in two clones${reason}`, { timeout: 1_200_000 }, () => {
  let base: string;
  const rigs: Rig[] = [];

  /** A clone that shares with the other the fetched files alone; it has no record of layers made elsewhere. */
  async function clone(name: string, umask: string, env: NodeJS.ProcessEnv): Promise<Rig> {
    const program = await packageCopy(join(base, name, 'package'), { withLayerFacts: false });
    const core = String(rigs.length);
    const home = join(base, name, 'home');
    await mkdir(home);
    await symlink(join(inject('v27Home'), 'files'), join(home, 'files'));
    const shell = ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath, program];
    const rig = await rigAt({ program: ['taskset', '-c', core, ...shell], home, env });
    rigs.push(rig);
    return rig;
  }

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'rig-clones-'));
    await mkdir(join(base, 'work'));
    const first = await rigAt({ home: inject('v27Home') });
    await first.json(['build'], { cwd: join(base, 'work') });
  }, 1_800_000);
  afterAll(async () => {
    await rm(base, { recursive: true, force: true });
  });

  it('with another umask, zone, language and home: one digest, that of the lock', async () => {
    const here = await clone('here', '022', { TZ: 'UTC', LC_ALL: 'C' });
    const there = await clone('other place', '077', {
      TZ: 'Asia/Kathmandu',
      LC_ALL: 'tr_TR.UTF-8',
      LANG: 'tr_TR.UTF-8',
      HOME: join(base, 'other place'),
    });
    const [one, other] = (await Promise.all(
      [here, there].map((rig) => rig.json(['build'], { cwd: join(base, 'work') })),
    )) as unknown as [Built, Built];
    expect(one.bytesFetched + other.bytesFetched).toBe(0);
    const facts = ({ digest, configDigest, layers }: Built): object => ({ digest, configDigest, layers });
    expect(facts(other)).toEqual(facts(one));
    const lock = await readFile(new URL('../../presets/v2.7/torchrig.lock', import.meta.url), 'utf8');
    expect(lock).toContain(`image = "${one.digest}"`);
  });
});
