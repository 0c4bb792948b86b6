import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { choosePort, INSIDE, jupyterRoundTrip, waitForJupyter } from '../../src/workspace/index.ts';
import { hasVenv, placeRuntime } from './jupyterVenv.ts';

/** Namespaces of its own: the image's paths below /opt can then be made real, and all ends with the first process. */
const UNSHARE = ['-m', '-p', '-f', '--kill-child', '--mount-proc'].concat(
  process.getuid?.() === 0 ? [] : ['-r'],
);
const hasNamespaces = spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 't', '/opt']).status === 0;
const hasScript = spawnSync('script', ['--version']).status === 0;
const PLACE = `mount -t tmpfs t /opt && cp -a "$IMAGE/opt/torchrig" /opt/ && mkdir /opt/torchrig/env &&
if [ -n "$VENV" ]; then mount --bind "$VENV" /opt/torchrig/env; fi && exec "$@"`;

let root: string;
let venv: string;
let image: string;

/** Cases of rig-entry and rig-jupyter where the image has them; `shared` gives a scratch folder and the virtual environment. */
export function entryCases(shared: () => { root: string; venv: string }): void {
  beforeAll(async () => {
    ({ root, venv } = shared());
    image = join(root, 'entry-image');
    await placeRuntime(image);
  });
  describeEntry();
}

/** Arguments for unshare that run a command where the image's files are in their places. */
const inside = (...command: string[]): string[] => [...UNSHARE, 'sh', '-c', PLACE, 'sh', ...command];

function surroundings(work: string, port: number, python: string): NodeJS.ProcessEnv {
  return {
    HOME: work,
    PATH: '/opt/torchrig/env/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    IMAGE: image,
    VENV: python,
    JUPYTER_CONFIG_PATH: join(image, 'etc/jupyter'),
    JUPYTER_TOKEN_FILE: join(work, 'state', 'jupyter.token'),
    RIG_JUPYTER_PORT: String(port),
  };
}

function describeEntry(): void {
  describe.skipIf(!hasNamespaces)('the entry script (skipped where no namespaces may be made)', () => {
    it.skipIf(!hasVenv)(
      'starts Jupyter in the foreground without a terminal (skipped without venv)',
      async () => {
        const work = await mkdtemp(join(root, 'work-'));
        const port = await choosePort({ service: 'jupyter', port: 19_000, explicit: false });
        const env = surroundings(work, port, venv);
        const child = spawn('unshare', inside(INSIDE.entry), {
          env,
          cwd: work,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
        const ended = new Promise((done) => child.once('exit', done));
        try {
          const tokenFile = env['JUPYTER_TOKEN_FILE']!;
          const token = await appears(tokenFile, () => child.exitCode === null);
          expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
          await waitForJupyter({ port, token, isAlive: () => child.exitCode === null });
          const trip = await jupyterRoundTrip({ port, token, code: 'import sys; print(sys.prefix)' });
          expect(trip.output).toBe('/opt/torchrig/env');
          expect(output).toContain(tokenFile);
          expect(output).not.toContain(token);
        } finally {
          child.kill('SIGKILL');
          await ended;
        }
      },
    );

    it.skipIf(!hasVenv || !hasScript)(
      'starts a shell with Jupyter beside it on a terminal (skipped without venv and script)',
      async () => {
        const work = await mkdtemp(join(root, 'work-'));
        const port = await choosePort({ service: 'jupyter', port: 19_050, explicit: false });
        const env = surroundings(work, port, venv);
        const command = ['unshare', ...inside(INSIDE.entry)].map(quoted).join(' ');
        const typed =
          'n=0; until grep -q "is running at" "${JUPYTER_TOKEN_FILE%token}log" || [ $n = 600 ]; do sleep 0.1; n=$((n+1)); done\n' +
          'echo "mode=$(stat -c %a "$JUPYTER_TOKEN_FILE") log=$(stat -c %a "${JUPYTER_TOKEN_FILE%token}log")"; tty; exit 3\n';
        const ran = spawnSync('script', ['-qefc', command, '/dev/null'], {
          env,
          cwd: work,
          input: typed,
          timeout: 120_000,
        });
        const output = ran.stdout.toString();
        expect(output).toContain(`Jupyter Lab starts at http://127.0.0.1:${port}/lab`);
        expect(output).toContain('mode=600 log=600');
        expect(output).toMatch(/\/dev\/pts\/\d+/);
        expect(ran.status).toBe(3);
        const token = await readFile(env['JUPYTER_TOKEN_FILE']!, 'utf8');
        expect(output).not.toContain(token);
        expect(await readFile(join(work, 'state', 'jupyter.log'), 'utf8')).not.toContain(token);
      },
    );

    it('idles without Jupyter and without a terminal, until it is stopped', async () => {
      const work = await mkdtemp(join(root, 'work-'));
      const child = spawn('unshare', inside(INSIDE.entry), {
        env: surroundings(work, 1, ''),
        stdio: 'ignore',
      });
      const ended = new Promise((done) => child.once('exit', done));
      await new Promise((done) => setTimeout(done, 500));
      expect(child.exitCode).toBeNull();
      child.kill('SIGKILL');
      await ended;
    });

    it('runs what it is given', () => {
      const env = surroundings(root, 1, '');
      const ran = spawnSync('unshare', inside(INSIDE.entry, 'sh', '-c', 'echo "$0 $1"; exit 5', 'a b', 'c'), {
        env,
      });
      expect(ran.stdout.toString()).toBe('a b c\n');
      expect(ran.status).toBe(5);
    });
  });
}

/** The text of a file as soon as it holds something. */
async function appears(path: string, isAlive: () => boolean): Promise<string> {
  while (isAlive()) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.length === 64) return text;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${path} did not appear`);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
