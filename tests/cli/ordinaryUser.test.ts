import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageCopy } from '../support/packageCopy.ts';
import { rigAt, runProgram } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const NAME = 'rigtestuser';
const isThere = (program: string): boolean => spawnSync(program, ['--help']).error === undefined;
const reason =
  process.getuid?.() !== 0
    ? ' [skipped: only root can make a user; the other tests run as you]'
    : ['useradd', 'userdel', 'setpriv'].every(isThere)
      ? ''
      : ' [skipped: useradd, userdel or setpriv is missing]';

describe.skipIf(reason)(`rig of an ordinary user${reason}`, () => {
  let base: string;
  let folder: string;
  let rig: Rig;
  let uid: number;

  beforeAll(async () => {
    spawnSync('userdel', [NAME]);
    await runProgram('useradd', ['--no-create-home', '--shell', '/bin/sh', NAME]);
    uid = Number(await runProgram('id', ['-u', NAME]));
    base = await mkdtemp(join(tmpdir(), 'rig-user-'));
    await chmod(base, 0o755);
    folder = join(base, 'work');
    await mkdir(folder);
    await writeFile(join(folder, 'torchrig.yaml'), 'preset: tiny\nname: of-a-user\n');
    const program = await packageCopy(join(base, 'package'), { ownModules: true });
    const home = join(base, 'home');
    await mkdir(home);
    await runProgram('chown', ['-R', `${NAME}:`, folder, home]);
    rig = await rigAt({
      program: ['setpriv', `--reuid=${NAME}`, `--regid=${NAME}`, '--init-groups', process.execPath, program],
      home: join(home, 'rig'),
      env: { HOME: home, USER: NAME, LOGNAME: NAME, TMPDIR: home, XDG_RUNTIME_DIR: '' },
    });
  });
  afterAll(async () => {
    await rig.dispose();
    spawnSync('userdel', [NAME]);
    await rm(base, { recursive: true, force: true });
  });

  it('comes up, verified', async () => {
    const up = await rig.json(['up'], { cwd: folder });
    expect(up).toMatchObject({
      name: 'of-a-user',
      engineReason: expect.stringMatching(/(range|single|proot)/) as string,
      verification: { ok: true },
    });
    expect((await stat(rig.home)).uid).toBe(uid);
  });

  it('is root inside, and what it writes to the workspace is its own outside', async () => {
    const script = 'id -u && mkdir /workspace/made && echo data > /workspace/made/file && touch /root/mark';
    expect(await rig(['exec', '--', 'sh', '-c', script], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: '0\n',
    });
    const made = join(folder, 'workspace/made');
    expect([(await stat(made)).uid, (await stat(join(made, 'file'))).uid]).toEqual([uid, uid]);
    expect(await readFile(join(made, 'file'), 'utf8')).toBe('data\n');
  });

  it('cannot reach what is not its own', async () => {
    const secret = join(base, 'secret');
    await writeFile(secret, 'of root', { mode: 0o600 });
    const ran = await rig(['up', 'other', '-v', `${secret}:/secret`, '-v', `${folder}:/workspace`], {
      cwd: folder,
    });
    const read = await rig(['exec', 'other', '--', 'cat', '/secret'], { cwd: folder });
    expect(`${ran.stdout}${read.stdout}`).not.toContain('of root');
  });

  it('goes down, comes up with what it had, and is purged without a trace', async () => {
    await rig(['down'], { cwd: folder });
    expect(await rig.json(['up'], { cwd: folder })).toMatchObject({ alreadyRunning: false, bytesFetched: 0 });
    expect((await rig(['exec', '--', 'test', '-e', '/root/mark'], { cwd: folder })).code).toBe(0);
    expect((await rig(['down', '--purge', '--yes'], { cwd: folder })).code).toBe(0);
    const { environments } = (await rig.json(['ps'])) as { environments: { name: string }[] };
    expect(environments.map(({ name }) => name)).not.toContain('of-a-user');
    expect(await readFile(join(folder, 'workspace/made/file'), 'utf8')).toBe('data\n');
  });
});
