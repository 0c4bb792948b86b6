import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ended, giveFiles, rigAt } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

describe('rig up, killed by kill -9', () => {
  let base: string;
  let folder: string;
  /** Its home has all the files. */
  let full: Rig;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'rig-killed-'));
    folder = base;
    await writeFile(join(folder, 'torchrig.yaml'), 'preset: tiny\nname: killed\n');
    full = await rigAt();
    await full.json(['build'], { cwd: folder });
  });
  afterAll(async () => {
    await full.dispose();
    await rm(base, { recursive: true, force: true });
  });

  it.each<[string, { withFiles: boolean; when: (home: string) => boolean }]>([
    ['before anything is there', { withFiles: false, when: (home) => existsSync(home) }],
    ['in the middle of the downloads', { withFiles: false, when: (home) => entries(home, 'files') > 40 }],
    ['with the first tree', { withFiles: true, when: (home) => entries(home, 'trees') > 0 }],
    ['in the middle of unpacking', { withFiles: true, when: (home) => entries(home, 'trees') > 40 }],
    ['while the root is made', { withFiles: true, when: (home) => entries(home, 'roots') > 0 }],
    ['as the environment is made', { withFiles: true, when: (home) => entries(home, 'envs') > 0 }],
    ['as it starts', { withFiles: true, when: (home) => existsSync(join(home, 'envs/killed/state.json')) }],
    ['while it is verified', { withFiles: true, when: (home) => existsSync(join(home, 'envs/killed/box')) }],
  ])('%s: the next up succeeds, and nothing is left', async (_when, { withFiles, when }) => {
    const home = join(await mkdtemp(join(base, 'home-')), 'rig');
    if (withFiles) await giveFiles(full.home, home);
    const rig = await rigAt({ home });
    expect(await killWhen(rig.start(['up'], { cwd: folder }), () => when(home))).toBe('SIGKILL');
    const { environments } = (await rig.json(['ps'])) as { environments: { name: string; state: string }[] };
    for (const { name, state } of environments)
      expect([name, state]).toEqual(['killed', expect.stringMatching(/^(running|starting|lost|exited)$/)]);

    const up = await rig.json(['up'], { cwd: folder });
    const fetched = withFiles ? { bytesFetched: 0 } : {};
    expect(up).toMatchObject({ name: 'killed', verification: { ok: true }, ...fetched });
    expect(await rig(['exec', '--', 'python', '-c', 'import six'], { cwd: folder })).toMatchObject({
      code: 0,
    });
    expect(await rig.json(['gc', '--dry-run'], { cwd: folder })).toMatchObject({
      dryRun: true,
      files: 0,
      trees: 0,
      roots: 0,
    });
    expect((await rig(['down', '--purge', '--yes'], { cwd: folder })).code).toBe(0);
    await expect.poll(() => processesOf(home), { timeout: 30_000, interval: 500 }).toEqual([]);
    expect(readdirSync(join(home, 'envs'))).toEqual([]);
  });

  it('and rig build, while it writes: the next one writes a sound image', async () => {
    const out = await mkdtemp(join(base, 'out-'));
    const image = join(out, 'image.tar');
    const build = ['build', '-o', image];
    const killed = await killWhen(full.start(build, { cwd: folder }), () => readdirSync(out).length > 0);
    expect(killed).toBe('SIGKILL');
    expect(existsSync(image)).toBe(false);
    expect(await full(build, { cwd: folder })).toMatchObject({ code: 0 });
    expect(await full.json(['image', 'verify', image])).toMatchObject({ ok: true });
  });
});

/** Kills a run of rig as soon as `when` holds; the signal that ended it. */
async function killWhen(child: ChildProcess, when: () => boolean): Promise<NodeJS.Signals | null> {
  const end = ended(child);
  while (child.exitCode === null && !when()) await sleep(2);
  child.kill('SIGKILL');
  return (await end).signal;
}

function entries(home: string, folder: string): number {
  try {
    return readdirSync(join(home, folder), { recursive: folder === 'files' }).length;
  } catch {
    return 0;
  }
}

/** Command lines of living processes that have to do with a home. */
function processesOf(home: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const about = `${command} ${readFileSync(`/proc/${pid}/environ`, 'utf8')}`;
      if (about.includes(home) && Number(pid) !== process.pid) found.push(command);
    } catch {
      // It ended while we looked, or is somebody else's.
    }
  }
  return found;
}
