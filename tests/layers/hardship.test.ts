import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { homeLayout, run } from '../../src/kernel/index.ts';
import {
  hasTree,
  listTrees,
  sweepScratch,
  treePath,
  unpackStoredWheels,
  wheelKey,
  type WheelInput,
} from '../../src/layers/index.ts';
import { makeWheel } from './wheelFixture.ts';

let folder: string;
let wheel: WheelInput;
let stored: string;
const FILES = 3000;
const content = (at: number): Buffer => Buffer.alloc(20_000, `file ${at} `);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-hardship-'));
  const parts = Array.from({ length: FILES }, (_, at) => ({
    name: `demo/p${at % 50}/f${at}.bin`,
    content: content(at),
    method: at % 2 ? (8 as const) : (0 as const),
  }));
  const made = makeWheel({ parts });
  stored = join(folder, 'stored.whl');
  await writeFile(stored, made.bytes);
  wheel = { file: made.file, sha256: made.sha256, size: made.bytes.length, python: '3.11' };
});
afterAll(() => rm(folder, { recursive: true }));

describe('unpacking', () => {
  it('survives kill -9 at any moment: the next run ends with a whole tree and no remains', async () => {
    const root = join(folder, 'killed');
    const home = homeLayout(root);
    const layers = fileURLToPath(new URL('../../src/layers/index.ts', import.meta.url));
    const kernel = fileURLToPath(new URL('../../src/kernel/index.ts', import.meta.url));
    const script = join(folder, 'unpack.mts');
    await writeFile(
      script,
      `import { unpackStoredWheels } from ${JSON.stringify(layers)};
       import { homeLayout } from ${JSON.stringify(kernel)};
       await unpackStoredWheels({ home: homeLayout(${JSON.stringify(root)}), wheels: [${JSON.stringify(wheel)}], storedPath: () => ${JSON.stringify(stored)} });`,
    );
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    for (const files of [1, 40, 200]) {
      const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: 'ignore', cwd });
      const ended = new Promise((done) => child.once('exit', done));
      while (
        child.exitCode === null &&
        (await readdir(home.tmp, { recursive: true }).catch(() => [])).length < files
      )
        await new Promise((done) => setTimeout(done, 5));
      child.kill('SIGKILL');
      await ended;
      expect(child.signalCode).toBe('SIGKILL');
      expect(await hasTree(home, wheelKey(wheel))).toBe(false);
    }
    expect((await readdir(home.tmp)).length).toBeGreaterThan(0);
    await sweepScratch(home);
    expect(await readdir(home.tmp)).toEqual([]);
    expect(await unpackStoredWheels({ home, wheels: [wheel], storedPath: () => stored })).toEqual({
      made: 1,
    });
    const site = join(treePath(home, wheelKey(wheel)), 'opt/torchrig/env/lib/python3.11/site-packages');
    for (const at of [0, 1, FILES - 1])
      expect((await readFile(join(site, `demo/p${at % 50}/f${at}.bin`))).equals(content(at))).toBe(true);
    expect((await readdir(join(site, 'demo'), { recursive: true })).length).toBe(FILES + 50);
  });

  it('by two processes at once gives one tree', async () => {
    const home = homeLayout(join(folder, 'two'));
    const options = { home, wheels: [wheel], storedPath: () => stored };
    await Promise.all([unpackStoredWheels(options), unpackStoredWheels(options)]);
    expect(await listTrees(home)).toEqual([wheelKey(wheel)]);
    expect(await readdir(home.tmp)).toEqual([]);
  });

  it('says that a folder cannot be written', async () => {
    const blocked = join(folder, 'blocked');
    await writeFile(blocked, 'a file');
    const home = homeLayout(blocked);
    const work = unpackStoredWheels({ home, wheels: [wheel], storedPath: () => stored });
    await expect(work).rejects.toMatchObject({ code: 'RIG-LAYERS-010', details: { errno: 'ENOTDIR' } });
  });
});

const small = await mkdtemp(join(tmpdir(), 'rig-small-'));
const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'rig-test', small]).catch(
  () => undefined,
);
const noMount = mounted?.code === 0 ? '' : ' [skipped: a tmpfs cannot be mounted here]';
afterAll(async () => {
  if (noMount === '') await run('umount', [small]);
  await rm(small, { recursive: true, force: true });
});

describe(`a full disk${noMount}`, () => {
  it.skipIf(noMount !== '')('is a clean error, and leaves nothing behind', async () => {
    const home = homeLayout(join(small, 'home'));
    const work = unpackStoredWheels({ home, wheels: [wheel], storedPath: () => stored });
    await expect(work).rejects.toMatchObject({
      code: 'RIG-LAYERS-010',
      details: { errno: 'ENOSPC' },
      why: expect.stringContaining('the disk is full') as string,
    });
    expect(await listTrees(home)).toEqual([]);
    expect(await readdir(home.tmp)).toEqual([]);
  });
});

// pip notes who asked for a package, writes its own programs for commands, and has lib64 as a second way to lib.
const comparable = (paths: string[]): string[] =>
  paths.filter((path) => !/REQUESTED|direct_url|^lib64/.test(path)).sort();
const rows = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8'))
    .split(/\r?\n/)
    .filter((row) => row !== '' && !/bin\/demo-(py|cmd)|INSTALLER|REQUESTED|direct_url/.test(row))
    .sort();

const pip = await run('python3', ['-m', 'venv', '--help']).catch(() => undefined);
const noPip = pip?.code === 0 ? '' : ' [skipped: python3 has no venv]';

describe(`an installed wheel${noPip}`, () => {
  it.skipIf(noPip !== '')('has the files that pip makes of it', async () => {
    const at = join(folder, 'pip');
    await mkdir(at);
    const made = makeWheel({
      name: 'demotwo',
      parts: [
        { name: 'demo/__init__.py', content: 'def main():\n    print("it runs")\n' },
        { name: 'demo/run.sh', content: '#!/bin/sh\n', mode: 0o100755 },
        { name: 'demo/folder/', mode: 0o040755, method: 0 },
        { name: 'demotwo-1.0.data/purelib/pure.py', content: 'p = 1\n' },
        { name: 'demotwo-1.0.data/platlib/sub/plat.py', content: 'p = 2\n' },
        { name: 'demotwo-1.0.data/data/share/demo/x.txt', content: 'x' },
        { name: 'demotwo-1.0.data/headers/demo.h', content: '' },
        { name: 'demotwo-1.0.data/scripts/demo-sh', content: '#!/bin/sh\necho hi\n' },
        { name: 'demotwo-1.0.data/scripts/demo-py', content: '#!python\nimport demo; demo.main()\n' },
      ],
      entryPoints: '[console_scripts]\ndemo-cmd = demo:main\n',
    });
    const file = join(at, made.file);
    await writeFile(file, made.bytes);
    const venv = join(at, 'venv');
    const python = join(venv, 'bin/python');
    expect((await run('python3', ['-m', 'venv', venv])).code).toBe(0);
    const before = new Set(await readdir(venv, { recursive: true }));
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-index',
      '--no-deps',
      '--no-compile',
      '--disable-pip-version-check',
    ];
    expect(await run(python, [...args, file], { cwd: at })).toMatchObject({ code: 0 });
    const byPip = (await readdir(venv, { recursive: true })).filter((path) => !before.has(path));
    const version = (
      await run(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])
    ).stdout.trim();
    const input = { file: made.file, sha256: made.sha256, size: made.bytes.length, python: version };
    const home = homeLayout(join(at, 'home'));
    await unpackStoredWheels({ home, wheels: [input], storedPath: () => file });
    const env = join(treePath(home, wheelKey(input)), 'opt/torchrig/env');
    const ours = (await readdir(env, { recursive: true })).filter((path) => !before.has(path));
    expect(comparable(ours)).toEqual(comparable(byPip));
    const record = `lib/python${version}/site-packages/demotwo-1.0.dist-info/RECORD`;
    expect(await rows(join(env, record))).toEqual(await rows(join(venv, record)));
    const script = await readFile(join(env, 'bin/demo-cmd'), 'utf8');
    const ran = await run(python, ['-c', script.split('\n').slice(1).join('\n')]);
    expect(ran.stdout).toBe('it runs\n');
  });
});
