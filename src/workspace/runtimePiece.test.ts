import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageDefaults } from './imageDefaults.ts';
import { idleCommand, jupyterCommand } from './jupyterProcess.ts';
import { INSIDE } from './layout.ts';
import { runtimePiece } from './runtimePiece.ts';
import { warmBytecode } from './warmBytecode.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const COMPILE = 'import sys; compile(open(sys.argv[1]).read(), "f", "exec")';
let root: string;

/** The piece as files below `root`; links are left out. */
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rig-runtime-'));
  for (const entry of runtimePiece({ epoch: 1 }).entries) {
    const path = join(root, entry.path);
    if (entry.type === 'dir') mkdirSync(path, { recursive: true });
    if (entry.content?.from !== 'inline') continue;
    writeFileSync(path, entry.content.bytes);
    chmodSync(path, entry.mode);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('runtimePiece', () => {
  it('is sorted, has every parent before its children, and nothing twice', () => {
    const { entries, kind } = runtimePiece({ epoch: 1_700_000_000 });
    const paths = entries.map(({ path }) => path);
    expect(kind).toBe('generated');
    expect(paths).toEqual(
      [...new Set(paths)].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    const folders = new Set(entries.filter(({ type }) => type === 'dir').map(({ path }) => path));
    for (const path of paths) expect(dirname(path) === '.' || folders.has(dirname(path))).toBe(true);
    for (const entry of entries) expect(entry).toMatchObject({ uid: 0, gid: 0, mtime: 1_700_000_000 });
  });

  it('is a pure function of the epoch', () => {
    expect(runtimePiece({ epoch: 5 })).toEqual(runtimePiece({ epoch: 5 }));
    expect(runtimePiece({ epoch: 5 }).key).toMatch(/^[0-9a-f]{64}$/);
    expect(runtimePiece({ epoch: 5 }).key).not.toBe(runtimePiece({ epoch: 6 }).key);
  });

  it('has the files that the image names, and the link of the articles', () => {
    const byPath = new Map(runtimePiece({ epoch: 1 }).entries.map((entry) => [`/${entry.path}`, entry]));
    expect(byPath.get(imageDefaults().entrypoint.at(-1)!)).toMatchObject({ type: 'file', mode: 0o755 });
    expect(byPath.get(imageDefaults().workdir)).toMatchObject({ type: 'dir' });
    for (const path of [
      INSIDE.jupyter,
      INSIDE.launcher,
      INSIDE.jupyterConfig,
      `${INSIDE.templates}/403.html`,
    ])
      expect(byPath.get(path)?.size).toBeGreaterThan(100);
    expect(byPath.get('/root/workspace')).toMatchObject({ type: 'symlink', target: '/workspace' });
    expect(byPath.get('/root')).toMatchObject({ mode: 0o700 });
  });

  it('has scripts that every sh can read, and no bashisms in them', () => {
    for (const path of [INSIDE.entry, INSIDE.jupyter, '/etc/profile.d/torchrig.sh'])
      expect(spawnSync('sh', ['-n', join(root, path)]).stderr.toString()).toBe('');
  });

  it.skipIf(!hasPython)('has Python that compiles (skipped without python3)', () => {
    for (const path of [INSIDE.jupyterConfig, INSIDE.launcher])
      expect(spawnSync('python3', ['-c', COMPILE, join(root, path)]).stderr.toString()).toBe('');
  });

  it('runs a command that was given, with its arguments and its exit code', () => {
    const env = { PATH: process.env['PATH'], JUPYTER_TOKEN_FILE: join(root, 'token') };
    const entry = (...command: string[]) => spawnSync(join(root, INSIDE.entry), command, { env });
    const ran = entry('sh', '-c', 'printf "%s|" "$@"; exit 7', 'x', 'a b', '', '$c');
    expect(ran.stdout.toString()).toBe('a b||$c|');
    expect(ran.status).toBe(7);
    expect(entry('/does/not/exist').status).toBe(127);
  });

  it('tells where the token is when the command is Jupyter, and makes a place for it without root', () => {
    const tools = join(root, 'tools');
    mkdirSync(tools);
    writeFileSync(join(tools, 'jupyter'), '#!/bin/sh\nprintf %s "$JUPYTER_TOKEN_FILE"\n', { mode: 0o755 });
    // A mkdir that fails for /run stands for a user who may not write there.
    writeFileSync(
      join(tools, 'mkdir'),
      '#!/bin/sh\n[ "$4" = /run/torchrig ] || exec /bin/mkdir "$@"\nexit 1\n',
      { mode: 0o755 },
    );
    const ran = spawnSync(join(root, INSIDE.entry), ['jupyter', 'lab', '--ip=0.0.0.0'], {
      env: { PATH: `${tools}:/usr/bin:/bin`, TMPDIR: tools },
    });
    const file = join(tools, `torchrig-${process.getuid?.() ?? 0}`, 'jupyter.token');
    expect(ran.stdout.toString()).toBe(file);
    expect(ran.stderr.toString()).toContain(`cat ${file}`);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  });

  it('puts the environment back into PATH of a login shell, once', () => {
    const profile = join(root, 'etc/profile.d/torchrig.sh');
    const path = (before: string): string =>
      execFileSync('/bin/sh', ['-c', `. '${profile}'; . '${profile}'; printf %s "$PATH"`], {
        env: { PATH: before },
      }).toString();
    expect(path('/usr/bin:/bin')).toBe('/opt/torchrig/env/bin:/opt/torchrig/bin:/usr/bin:/bin');
  });
});

describe('commands for engines', () => {
  it('hold no secret', () => {
    const command = jupyterCommand({ port: 9000 });
    expect(command.argv).toEqual(['/opt/torchrig/bin/rig-jupyter']);
    expect(command.env).toEqual({
      RIG_JUPYTER_IP: '127.0.0.1',
      RIG_JUPYTER_PORT: '9000',
      JUPYTER_TOKEN_FILE: '/run/torchrig/jupyter.token',
    });
    expect(idleCommand().argv).toEqual(['/bin/sleep', 'infinity']);
  });

  it('expose the ports of the services that run', () => {
    expect(imageDefaults().exposedPorts).toEqual(['22/tcp', '8888/tcp']);
    expect(imageDefaults({ services: { jupyter: false, ssh: false } }).exposedPorts).toEqual([]);
    expect(imageDefaults().env).not.toHaveProperty('PYTHONDONTWRITEBYTECODE');
  });

  it.skipIf(!hasPython)(
    'warm byte code, past a module that is missing or dies (skipped without python3)',
    () => {
      const modules = join(root, 'modules');
      mkdirSync(modules);
      writeFileSync(join(modules, 'dies.py'), 'import os; os.abort()');
      writeFileSync(join(modules, 'deep.py'), 'x = 1');
      writeFileSync(join(modules, 'top.py'), 'import deep');
      const { argv, env } = warmBytecode({ modules: ['missing', 'dies', 'top'] });
      const ran = spawnSync(argv[0]!, argv.slice(1), {
        env: { ...env, PATH: process.env['PATH'], PYTHON: 'python3', PYTHONPATH: modules },
      });
      expect(ran.status).toBe(0);
      const made = readdirSync(join(modules, '__pycache__')).map((name) => name.split('.')[0]);
      expect(new Set(made)).toEqual(new Set(['deep', 'dies', 'top']));
    },
  );
});
