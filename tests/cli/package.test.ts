import { spawn } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKOUT } from '../support/packageCopy.ts';
import { ended, rigAt, runProgram } from '../support/rig.ts';
import type { Ran, Rig } from '../support/rig.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'rig-package-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

describe('the package, installed in another folder', () => {
  let rig: Rig;
  let folder: string;

  beforeAll(async () => {
    const packed = await runProgram(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', base],
      {
        cwd: CHECKOUT,
      },
    );
    const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
    const place = join(base, 'installed');
    await mkdir(place);
    await writeFile(join(place, 'package.json'), '{"private": true}');
    const options = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    await runProgram('npm', ['install', ...options, join(base, filename)], { cwd: place });
    rig = await rigAt({ program: [join(place, 'node_modules/.bin/rig')] });
    folder = join(base, 'work');
    await mkdir(folder);
  });
  afterAll(() => rig.dispose());

  it('says its version', async () => {
    const { version } = JSON.parse(await readFile(join(CHECKOUT, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await rig(['version'], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(version) as string,
    });
  });

  it('starts a project', async () => {
    expect(await rig(['init', '--preset', 'tiny'], { cwd: folder })).toMatchObject({ code: 0 });
    expect((await readdir(folder)).toSorted()).toEqual(['.dockerignore', '.gitignore', 'torchrig.yaml']);
  });

  it('builds the published image', async () => {
    const { digest } = await rig.json(['build'], { cwd: folder });
    const lock = await readFile(join(CHECKOUT, 'presets/tiny/torchrig.lock'), 'utf8');
    expect(lock).toContain(`image = "${String(digest)}"`);
  });
});

describe('./rig in a checkout', () => {
  let checkout: string;
  const launch = (...args: string[]): Promise<Ran> =>
    ended(spawn(join(checkout, 'rig'), args, { cwd: base }));
  const built = async (): Promise<number> => (await stat(join(checkout, 'dist/.built'))).ino;

  beforeAll(async () => {
    checkout = join(base, 'checkout');
    await mkdir(checkout);
    const parts = await runProgram('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
      cwd: CHECKOUT,
    });
    const top = new Set(parts.split('\n').flatMap((path) => path.split('/').slice(0, 1)));
    for (const part of top) {
      if (part === '' || part.startsWith('.git') || ['tests', 'bench', 'docs'].includes(part)) continue;
      await cp(join(CHECKOUT, part), join(checkout, part), { recursive: true, preserveTimestamps: true });
    }
    // Links spare a copy of 20,000 files; nothing writes through them.
    const modules = ['-a', await realpath(join(CHECKOUT, 'node_modules')), join(checkout, 'node_modules')];
    await runProgram('cp', ['--link', ...modules]).catch(async () => {
      await rm(join(checkout, 'node_modules'), { recursive: true, force: true });
      await runProgram('cp', modules);
    });
  });

  it('two first calls at once build once, and both work', async () => {
    const [first, second] = [launch('version'), launch('version')];
    await Promise.race([first, second]);
    const inode = await built();
    for (const ran of [await first, await second]) expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(await built()).toBe(inode);
  });

  it('a later call builds nothing', async () => {
    const inode = await built();
    expect(await launch('version')).toMatchObject({ code: 0, stderr: '' });
    expect(await built()).toBe(inode);
  });

  it('a changed source is built into the next call', async () => {
    const inode = await built();
    const soon = new Date(Date.now() + 1000);
    await utimes(join(checkout, 'src/cli/main.ts'), soon, soon);
    expect(await launch('version')).toMatchObject({ code: 0 });
    expect(await built()).not.toBe(inode);
  });

  it('a source that does not build stops it, with the reason', async () => {
    await writeFile(join(checkout, 'src/cli/commands/version.ts'), 'export const handler = ;\n');
    const ran = await launch('version');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('rig: error: the build failed');
    expect(ran.stderr).toContain('version.ts');
  });
});
