import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rigAt } from '../support/rig.ts';
import type { Ran, Rig } from '../support/rig.ts';

const NOWHERE = 'http://127.0.0.1:9';
const NO_NETWORK = {
  TORCHRIG_PYTHON_INDEX: NOWHERE,
  TORCHRIG_DEBIAN_MIRROR: NOWHERE,
  TORCHRIG_DEBIAN_SECURITY_MIRROR: NOWHERE,
};
const isRoot = process.getuid?.() === 0;
const canMount = isRoot && spawnSync('unshare', ['-m', 'true']).status === 0;
const noMount = canMount ? '' : ' [skipped: mounting needs root]';

/** Everything that is refused is refused in one shape: a code, a reason, a hint, and no stack. */
function refusal(ran: Ran, exitCode: number): string {
  expect(ran).toMatchObject({ code: exitCode, stdout: '' });
  expect(ran.stderr).toMatch(/^error\[RIG-[A-Z]+-\d{3}\]: \S/m);
  expect(ran.stderr).not.toMatch(/RIG-BUG|^\s+at .*\.js:\d/m);
  return ran.stderr;
}

describe('what cannot be done is said, and nothing is left half done', () => {
  let rig: Rig;
  let base: string;
  const folderWith = async (yaml?: string): Promise<string> => {
    const folder = await mkdtemp(join(base, 'work-'));
    if (yaml !== undefined) await writeFile(join(folder, 'torchrig.yaml'), yaml);
    return folder;
  };

  const upIn = async (home: string): Promise<Ran> =>
    rig(['up'], { cwd: await folderWith('preset: tiny\n'), env: { TORCHRIG_HOME: home } });

  beforeAll(async () => {
    rig = await rigAt({ env: NO_NETWORK });
    base = await mkdtemp(join(tmpdir(), 'rig-bad-'));
  });
  afterAll(async () => {
    await rig.dispose();
    await rm(base, { recursive: true, force: true });
  });

  describe('usage', () => {
    it.each([
      ['a command', ['upp'], 'upp'],
      ['a flag', ['up', '--memry', '3g'], 'memry'],
      ['an engine', ['up', '--engine', 'dokcer'], 'dokcer'],
      ['a size', ['up', '--memory', 'much'], 'much'],
      ['a port', ['up', '--jupyter-port', '99999'], '99999'],
      ['a GPU', ['up', '--gpus', 'first'], 'first'],
      ['a volume', ['up', '-v', 'nowhere'], 'nowhere'],
      ['a variable', ['up', '-e', '=x'], '-e'],
      ['a name', ['up', '../escape'], '../escape'],
      ['an output', ['build', '-o', 'image.zip'], 'image.zip'],
    ])('%s that rig does not know: exit 2, and it is named', async (_what, args, named) => {
      const folder = await folderWith('preset: tiny\n');
      expect(refusal(await rig(args, { cwd: folder }), 2)).toContain(named);
      const ran = await rig([...args, '--json'], { cwd: folder });
      expect(ran.code).toBe(2);
      const { error } = JSON.parse(ran.stdout) as { error: Record<string, unknown> };
      expect(error).toMatchObject({
        code: expect.stringMatching(/^RIG-[A-Z]+-\d{3}$/) as string,
        message: expect.stringContaining(named) as string,
        hint: expect.any(String) as string,
      });
      expect(error).toHaveProperty('details');
      expect(await readdir(folder)).toEqual(['torchrig.yaml']);
    });

    it('exec without a command', async () => {
      const folder = await folderWith('preset: tiny\n');
      expect(refusal(await rig(['exec'], { cwd: folder }), 2)).toContain('rig exec [NAME] --');
      expect(refusal(await rig(['exec', '--'], { cwd: folder }), 2)).toContain('no command');
    });

    it.each([['exec', '--', 'true'], ['logs'], ['shell'], ['token']])(
      'an environment that is not there: rig %s',
      async (...args) => {
        const folder = await folderWith('preset: tiny\nname: not-there\n');
        const ran = await rig(args, { cwd: folder });
        expect(ran.code).toBe(1);
        expect(ran.stderr).toMatch(/^error\[RIG-(ENGINE|CLI)-\d{3}\]: .*not-there/m);
      },
    );

    it('a question without a terminal is answered by --yes or not at all', async () => {
      const folder = await folderWith('preset: tiny\nname: never-made\n');
      expect(await rig.json(['down', '--purge'], { cwd: folder })).toMatchObject({ wasRunning: false });
    });
  });

  describe('torchrig.yaml', () => {
    it.each([
      ['a bad value', 'preset: tiny\nmemory: 32q\n', /torchrig\.yaml:2:9: memory: .*32q.*\(try /],
      ['an unknown key', 'preset: tiny\nmemroy: 3g\n', /torchrig\.yaml:2:1: .*memroy.*memory/],
      ['a tab before a key', 'preset: tiny\n\tname: x\n', /torchrig\.yaml:2:1: .*tab/],
      ['a broken line', 'preset: tiny\nports: {jupyter: 8888\n', /torchrig\.yaml:\d+:\d+: /],
      ['an unknown preset', 'preset: v2.77\n', /torchrig\.yaml:1:9: .*v2\.77/],
      ['a list instead of a mapping', '- tiny\n', /torchrig\.yaml:1:1: /],
      ['deep nesting', `env: ${'['.repeat(20_000)}\n`, /torchrig\.yaml/],
      [
        'a missing variable',
        'preset: tiny\nname: ${RIG_NOT_SET:?say which}\n',
        /torchrig\.yaml:2:\d+: .*say which/,
      ],
    ])('%s: exit 2, with its position', async (_what, text, expected) => {
      const ran = await rig(['up'], { cwd: await folderWith(text) });
      expect(refusal(ran, 2)).toMatch(expected);
      expect(ran.stderr.length).toBeLessThan(4000);
    });

    it.each([
      ['nothing', ''],
      ['one tab', '\t'],
    ])('%s is what an empty file is: nothing is asked for', async (_what, text) => {
      expect(await rig.json(['status'], { cwd: await folderWith(text) })).toMatchObject({ state: 'missing' });
    });

    it('10 MB of it are refused at once', async () => {
      const folder = await folderWith(`preset: tiny\n${'# '.padEnd(99, 'x')}\n`.repeat(100_000));
      const started = performance.now();
      expect(refusal(await rig(['up'], { cwd: folder }), 2)).toContain('torchrig.yaml');
      expect(performance.now() - started).toBeLessThan(30_000);
    });

    it('a lock that is older than it: exit 1, and the command that mends it', async () => {
      const folder = await folderWith('preset: tiny\npackages: {python: [attrs, idna, six, toolz]}\n');
      const lock = await readFile(new URL('../../presets/tiny/torchrig.lock', import.meta.url), 'utf8');
      await writeFile(join(folder, 'torchrig.lock'), lock);
      for (const command of ['up', 'build']) {
        const text = refusal(await rig([command], { cwd: folder }), 1);
        expect(text).toContain('RIG-CLI-011');
        expect(text).toContain('hint: rig lock');
      }
      expect(await readFile(join(folder, 'torchrig.lock'), 'utf8')).toBe(lock);
    });

    it('a lock that somebody damaged', async () => {
      const folder = await folderWith('preset: tiny\n');
      await writeFile(join(folder, 'torchrig.lock'), 'format = 1\nplatform = "linux/am');
      expect(refusal(await rig(['up'], { cwd: folder }), 2)).toContain('torchrig.lock');
    });
  });

  describe('TORCHRIG_HOME', () => {
    it('is a file, or below one', async () => {
      await writeFile(join(base, 'file'), '');
      for (const home of [join(base, 'file'), join(base, 'file', 'below')])
        expect(refusal(await upIn(home), 1)).toMatch(
          /RIG-KERNEL-002.*TORCHRIG_HOME[\s\S]*hint: set TORCHRIG_HOME/,
        );
    });

    it('is where nothing can be made', async () => {
      expect(refusal(await upIn('/proc/rig'), 1)).toContain('TORCHRIG_HOME /proc/rig');
      expect(refusal(await upIn('/dev/null'), 1)).toContain('TORCHRIG_HOME /dev/null');
    });

    it.skipIf(isRoot)(
      `is not writable${isRoot ? ' (skipped as root, who may write everywhere; the unit test of prepareHome has it)' : ''}`,
      async () => {
        const home = join(base, 'closed');
        await mkdir(home);
        await chmod(home, 0o500);
        expect(refusal(await upIn(home), 1)).toContain('may not write');
      },
    );

    it.skipIf(!canMount)(`is on a read-only disk${noMount}`, async () => {
      const home = join(base, 'read-only');
      await mkdir(home);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'rig-test', home]);
      try {
        expect(refusal(await upIn(join(home, 'rig')), 1)).toMatch(/TORCHRIG_HOME.*read-only/s);
      } finally {
        execFileSync('umount', [home]);
      }
    });

    it.skipIf(!canMount)(`is on a full disk${noMount}`, async () => {
      const home = join(base, 'full');
      await mkdir(home);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'rig-test', home]);
      try {
        // With the real package sources: it must not be the network that stops it.
        const own = await rigAt({ home });
        const ran = await own(['up'], { cwd: await folderWith('preset: tiny\n') });
        expect(refusal(ran, 1)).toMatch(/disk|space/);
        expect(ran.stderr).toContain(home);
      } finally {
        execFileSync('umount', ['-l', home]);
      }
    });
  });

  describe('with the tiny preset running', () => {
    const servers: Server[] = [];
    const occupied = async (): Promise<number> => {
      const server = createServer();
      servers.push(server);
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return (server.address() as AddressInfo).port;
    };
    let online: Rig;

    beforeAll(async () => {
      online = await rigAt();
    });
    afterAll(async () => {
      await online.dispose();
      for (const server of servers) server.close();
    });

    it('a workspace in a place where none can be made', async () => {
      const folder = await folderWith('preset: tiny\nname: bad-space\nworkspace: /proc/nowhere\n');
      expect(refusal(await online(['up'], { cwd: folder }), 1)).toMatch(/RIG-WORKSPACE-003.*\/proc\/nowhere/);
    });

    it('a workspace that is missing is made', async () => {
      const folder = await folderWith('preset: tiny\nname: new-space\nworkspace: ./a/b/c\n');
      expect(await online.json(['up'], { cwd: folder })).toMatchObject({ verification: { ok: true } });
      expect(await readdir(join(folder, 'a/b/c'))).toEqual([]);
    });

    it('a mount whose source is missing is named', async () => {
      const folder = await folderWith('preset: tiny\nname: bad-mount\n');
      const ran = await online(['up', '-v', `${base}/not-there:/data`], { cwd: folder });
      expect(refusal(ran, 1)).toContain('not-there');
    });

    it('a command that is not inside: exit 127, as in a shell', async () => {
      const ran = await online(['exec', 'new-space', '--', 'no-such-command'], { cwd: base });
      expect(ran.code).toBe(127);
      expect(ran.stderr).toContain('no-such-command');
    });

    it('a port that is taken moves unless it was asked for', async () => {
      const { choosePort } = await import('../../src/workspace/index.ts');
      const port = await occupied();
      expect(await choosePort({ service: 'jupyter', port, explicit: false })).toBeGreaterThan(port);
      await expect(choosePort({ service: 'jupyter', port, explicit: true })).rejects.toMatchObject({
        code: 'RIG-WORKSPACE-002',
        exitCode: 1,
        message: expect.stringContaining(`port ${port}`) as string,
      });
    });
  });
});
