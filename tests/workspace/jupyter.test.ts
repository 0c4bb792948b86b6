import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/kernel/index.ts';
import {
  choosePort,
  ensureToken,
  INSIDE,
  jupyterCommand,
  jupyterRoundTrip,
  waitForJupyter,
} from '../../src/workspace/index.ts';
import { entryCases } from './entryCases.ts';
import { hasVenv, makeVenv, placeRuntime } from './jupyterVenv.ts';

let root: string;
let venv: string;
let runtime: string;

interface Running {
  child: ChildProcess;
  port: number;
  token: string;
  log: string;
}
const running: ChildProcess[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rig-jupyter-'));
  venv = join(root, 'venv');
  runtime = join(root, 'image');
  if (!hasVenv) return;
  await makeVenv(venv);
  await placeRuntime(runtime, { templates: join(runtime, INSIDE.templates) });
}, 600_000);

afterEach(async () => {
  await Promise.all(running.splice(0).map(stopped));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(force);
}

/** Starts a program of the virtual environment with the settings of the image; its output goes to a log file. */
async function start(
  argv: string[],
  options: { port?: number; tokenFile?: string; env?: Record<string, string> } = {},
): Promise<Running> {
  const port = options.port ?? (await choosePort({ service: 'jupyter', port: 18_900, explicit: false }));
  const work = await mkdtemp(join(root, 'work-'));
  const tokenFile = options.tokenFile ?? join(work, 'jupyter.token');
  const token = options.tokenFile ? '' : await ensureToken(tokenFile);
  const log = join(work, 'log');
  const out = openSync(log, 'w');
  const child = spawn(join(venv, 'bin', argv[0]!), argv.slice(1), {
    cwd: work,
    stdio: ['ignore', out, out],
    env: {
      HOME: work,
      PATH: `${venv}/bin:/usr/bin:/bin`,
      JUPYTER_CONFIG_PATH: join(runtime, 'etc/jupyter'),
      ...jupyterCommand({ port, tokenFile }).env,
      ...options.env,
    },
  });
  closeSync(out);
  running.push(child);
  return { child, port, token, log };
}

const lab = (): string[] => ['python', join(runtime, INSIDE.launcher)];
const alive = (child: ChildProcess) => (): boolean => child.exitCode === null && child.signalCode === null;

async function statusOf(port: number, path: string): Promise<number> {
  return await new Promise((done, fail) => {
    request({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
      answer.resume();
      done(answer.statusCode ?? 0);
    })
      .once('error', fail)
      .end();
  });
}

/** Command lines of a process and all that descend from it. */
async function commandLines(pid: number): Promise<string[]> {
  const parents = new Map<number, number>();
  for (const name of (await readdir('/proc')).filter((each) => /^\d+$/.test(each))) {
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    parents.set(Number(name), Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const family = new Set([pid]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const [child, parent] of parents) if (family.has(parent)) family.add(child);
  }
  const lines = [...family].map((each) => readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(lines)).map((line) => line.replaceAll('\0', ' ').trim());
}

/** All command lines as soon as a kernel is among them. */
async function kernelSeen(pid: number): Promise<string[]> {
  for (;;) {
    const lines = await commandLines(pid);
    if (lines.some((line) => line.includes('ipykernel'))) return lines;
    await new Promise((done) => setTimeout(done, 50));
  }
}

describe.skipIf(!hasVenv)('Jupyter with the settings of the image (skipped without python3 and venv)', () => {
  it('answers 403 without the token and 200 with it, and shows it to nobody', async () => {
    const { child, port, token, log } = await start(lab());
    await waitForJupyter({ port, token, isAlive: alive(child), logFile: log });
    expect(await statusOf(port, '/lab')).toBe(403);
    expect(await statusOf(port, '/api/contents')).toBe(403);
    expect(await statusOf(port, `/lab?token=${token.replaceAll(/[0-9]/g, '0')}x`)).toBe(403);
    expect(await statusOf(port, `/lab?token=${token}`)).toBe(200);
    expect(await statusOf(port, `/api/contents/missing?token=${token}`)).toBe(404);
    const trip = jupyterRoundTrip({ port, token, code: 'import time; time.sleep(1); print("slept")' });
    const lines = await Promise.race([trip.then(() => []), kernelSeen(child.pid!)]);
    expect(lines.join('\n')).toContain('ipykernel');
    expect(lines.join('\n')).not.toContain(token);
    expect((await trip).output).toBe('slept');
    await stopped(child);
    const text = await readFile(log, 'utf8');
    expect(text).toContain('Serving notebooks');
    expect(text).not.toContain(token);
  });

  it('runs code in a kernel, interrupts it, restarts it, and leaves none behind', async () => {
    const { child, port, token, log } = await start(lab());
    await waitForJupyter({ port, token, isAlive: alive(child), logFile: log });
    const trip = await jupyterRoundTrip({ port, token, code: 'import sys; print(sys.version_info[0])' });
    expect(trip.output).toBe('3');
    for (const milliseconds of Object.values(trip.timings)) expect(milliseconds).toBeGreaterThan(0);
    expect((await commandLines(child.pid!)).filter((line) => line.includes('ipykernel'))).toEqual([]);
  });

  it('names the step that fails', async () => {
    const { child, port, token, log } = await start(lab());
    await waitForJupyter({ port, token, isAlive: alive(child), logFile: log });
    await expect(jupyterRoundTrip({ port, token, code: 'import no_such_module' })).rejects.toMatchObject({
      code: 'RIG-WORKSPACE-006',
      message: 'Jupyter could not run code',
      why: "ModuleNotFoundError: No module named 'no_such_module'",
    });
    await expect(jupyterRoundTrip({ port, token: 'wrong' })).rejects.toMatchObject({
      message: 'Jupyter could not start a kernel',
      why: 'Jupyter answered 403',
    });
    await expect(
      jupyterRoundTrip({ port, token, code: 'import time; time.sleep(30)', timeout: 3000 }),
    ).rejects.toMatchObject({ why: 'the kernel did not finish within 3 s' });
    expect((await commandLines(child.pid!)).filter((line) => line.includes('ipykernel'))).toEqual([]);
  });

  it("protects the articles' own command as well, and makes a token where there is none", async () => {
    const folder = await mkdtemp(join(root, 'own-'));
    const tokenFile = join(folder, 'state', 'jupyter.token');
    const port = await choosePort({ service: 'jupyter', port: 18_950, explicit: false });
    const flags = ['--ip=127.0.0.1', '--allow-root', '--no-browser', `--port=${port}`];
    const { child, log } = await start(['jupyter', 'lab', ...flags], { port, tokenFile });
    let token = '';
    while (token === '' && alive(child)()) {
      token = await readFile(tokenFile, 'utf8').catch(() => '');
      await new Promise((done) => setTimeout(done, 50));
    }
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    await waitForJupyter({ port, token, isAlive: alive(child), logFile: log });
    expect(await statusOf(port, '/lab')).toBe(403);
    expect(await statusOf(port, `/lab?token=${token}`)).toBe(200);
    expect(await readFile(log, 'utf8')).not.toContain(token);
  });

  it('does not start without a proper token', async () => {
    const folder = await mkdtemp(join(root, 'bad-'));
    const short = join(folder, 'short');
    await writeFile(short, 'guess');
    await mkdir(join(folder, 'isFolder'));
    for (const tokenFile of [short, join(folder, 'isFolder'), '/proc/none/token']) {
      const { child, port, log } = await start(lab(), { tokenFile });
      await expect(
        waitForJupyter({ port, token: 'none', isAlive: alive(child), logFile: log }),
      ).rejects.toMatchObject({
        code: 'RIG-WORKSPACE-004',
        why: expect.stringContaining('Jupyter is not started'),
      });
      await new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done(0)));
      expect(child.exitCode).not.toBe(0);
    }
  });

  it('still checks what the launcher puts off', async () => {
    const launcher = await readFile(join(runtime, INSIDE.launcher), 'utf8');
    const before = launcher.slice(0, launcher.indexOf('from jupyterlab'));
    const code = `${before}
import jsonschema
from jsonschema.exceptions import FormatError
loaded = lambda: "rfc3987_syntax.syntax_helpers" in sys.modules
check = lambda text: jsonschema.Draft7Validator.FORMAT_CHECKER.check(text, "iri")
print(loaded())
check("http://example.org/path")
print(loaded() or spec is None)
try:
    check("no iri")
    print(spec is None)
except FormatError:
    print(True)
`;
    const ran = await run(join(venv, 'bin', 'python'), ['-c', code]);
    expect([ran.stderr, ran.stdout.trim().split('\n')]).toEqual(['', ['False', 'True', 'True']]);
  });

  it('does not move to another port behind our back', async () => {
    const first = await start(lab());
    await waitForJupyter({ ...first, isAlive: alive(first.child), logFile: first.log });
    const second = await start(lab(), { port: first.port });
    await expect(
      waitForJupyter({ ...second, isAlive: alive(second.child), logFile: second.log }),
    ).rejects.toMatchObject({ code: 'RIG-WORKSPACE-005' });
    await new Promise((done) => (second.child.exitCode === null ? second.child.once('exit', done) : done(0)));
    expect(await readFile(second.log, 'utf8')).toContain('already in use');
  });
});

entryCases(() => ({ root, venv }));
