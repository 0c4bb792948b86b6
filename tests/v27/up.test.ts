import { spawnSync } from 'node:child_process';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { jupyterRoundTrip } from '../../src/workspace/index.ts';
import { emptyFolder, rigAt } from '../support/rig.ts';
import type { Ran, Rig } from '../support/rig.ts';

const DIGEST = expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string;
const NUMBER = expect.any(Number) as number;

// One start of the real thing: about 3.4 GB are fetched, unless RIG_TEST_HOME names a home that has them.
describe('rig with the preset v2.7, in an empty folder', { timeout: 1_200_000 }, () => {
  let rig: Rig;
  let folder: string;
  let up: Record<string, unknown>;
  let token: string;
  const url = (): string => (up['jupyter'] as { url: string }).url;
  const inside = (...command: string[]): Promise<Ran> => rig(['exec', '--', ...command], { cwd: folder });

  beforeAll(async () => {
    rig = await rigAt({ home: inject('v27Home') });
    folder = await emptyFolder();
    up = await rig.json(['up', '--verify'], { cwd: folder });
    token = (await rig(['token'], { cwd: folder })).stdout.trim();
  }, 1_800_000);
  afterAll(async () => {
    await rig.dispose();
    await rm(folder, { recursive: true, force: true });
  }, 300_000);

  it('up --json is what the contract says', async () => {
    expect(up).toMatchObject({
      name: expect.any(String) as string,
      engine: 'sandbox',
      engineReason: expect.any(String) as string,
      alreadyRunning: false,
      image: { digest: DIGEST, ref: 'pytorch-cuda:v2.7' },
      lock: { digest: DIGEST, builtin: true },
      workspace: join(folder, 'workspace'),
      jupyter: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/lab$/) as string },
      verification: {
        ok: true,
        torch: '2.7.1+cu126',
        cuda: '12.6',
        cudnn: '9.5.1',
        nccl: '2.26.2',
        device: expect.stringMatching(/^(cpu|cuda)/) as string,
        gpus: expect.any(Array) as unknown[],
        matmul: { n: 2000, ms: NUMBER, maxError: NUMBER },
        compile: { ok: true },
        imports: { failed: [] },
        jupyter: { ok: true },
      },
      timings: { fetchMs: NUMBER, imageMs: NUMBER, startMs: NUMBER, totalMs: NUMBER },
      bytesFetched: NUMBER,
    });
    expect(up).toHaveProperty('ssh');
    const lock = await readFile(new URL('../../presets/v2.7/torchrig.lock', import.meta.url), 'utf8');
    expect(lock).toContain(`image = "${(up['image'] as { digest: string }).digest}"`);
    expect(await readdir(folder)).toEqual(['workspace']);
  });

  it('build gives that digest', async () => {
    const built = await rig.json(['build'], { cwd: folder });
    expect(built).toMatchObject({ digest: (up['image'] as { digest: string }).digest, configDigest: DIGEST });
    const layers = built['layers'] as object[];
    expect(layers.length).toBeGreaterThan(5);
    expect(layers.length).toBeLessThanOrEqual(60);
    for (const layer of layers)
      expect(layer).toMatchObject({
        digest: DIGEST,
        diffId: DIGEST,
        size: NUMBER,
        title: expect.any(String) as string,
      });
  });

  it('Jupyter answers 403 without the token and 200 with it', async () => {
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect((await fetch(url())).status).toBe(403);
    expect((await fetch(`${url()}?token=${'0'.repeat(64)}`)).status).toBe(403);
    expect((await fetch(`${url()}?token=${token}`)).status).toBe(200);
    expect((await fetch(url(), { headers: { authorization: `token ${token}` } })).status).toBe(200);
  });

  it('the token is in no argument, no log, no message', async () => {
    await fetch(`${url()}?token=${token}`);
    expect((await rig(['open', '--no-browser'], { cwd: folder })).stdout).toContain(token);
    const commands = await Promise.all(
      (await readdir('/proc'))
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    );
    expect(commands.join('\n')).toContain('jupyter');
    expect(commands.join('\n')).not.toContain(token);
    const log = (await rig(['logs'], { cwd: folder })).stdout;
    expect(log).toContain('127.0.0.1');
    expect(log).not.toContain(token);
    for (const command of ['ps', 'status'])
      expect((await rig([command, '--json', '--verbose'], { cwd: folder })).stdout).not.toContain(token);
    expect(JSON.stringify(up)).not.toContain(token);
    const envFolder = join(rig.home, 'envs', up['name'] as string);
    const kept = spawnSync('grep', ['-rlF', token, envFolder], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    expect(kept.length).toBeGreaterThan(0);
    for (const path of kept) expect(await isPrivate(path, envFolder)).toBe(true);
  });

  it('exec runs the locked torch', async () => {
    const ran = await inside('python', '-c', 'import torch; print(torch.__version__)');
    expect(ran).toMatchObject({ code: 0, stdout: '2.7.1+cu126\n' });
  });

  it('a second up is quick and changes nothing', async () => {
    const again = await rig.json(['up'], { cwd: folder });
    expect(again).toMatchObject({
      alreadyRunning: true,
      bytesFetched: 0,
      jupyter: { url: url() },
      verification: { ok: true, cached: true },
    });
    expect((again['timings'] as { totalMs: number }).totalMs).toBeLessThan(10_000);
  });

  it("the articles' snippets run in a notebook", async () => {
    const code = await readFile(new URL('articles.py', import.meta.url), 'utf8');
    const port = Number(new URL(url()).port);
    const { output } = await jupyterRoundTrip({ port, token, code, timeout: 600_000 });
    expect(output).toMatch(/^version 2\.7\.1\+cu126 12\.6 90501 (True|False) \d+\nmatmul True\n/);
    for (const name of ['compile', 'checkpoint', 'loader', 'bert', 'trace', 'script', 'onnx'])
      expect(output).toContain(`${name} ok`);
  });

  it("pip install inside, by this machine's own settings, lasts until purge", async () => {
    expect(await inside('python', '-c', 'import iniconfig')).toMatchObject({ code: 1 });
    const pip = await inside('pip', 'install', '--no-cache-dir', 'iniconfig');
    expect(pip).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Successfully installed') as string,
    });
    expect(await inside('python', '-c', 'import iniconfig; print("there")')).toMatchObject({
      stdout: 'there\n',
    });
  });

  it('what speaks HTTPS inside trusts what this machine trusts', async () => {
    // An address that this machine's pip uses: asked at run time, never written down.
    const settings = (await inside('cat', '/etc/pip.conf')).stdout;
    const index = /^index-url = (http.*)$/m.exec(settings)?.[1];
    expect(index).toBeDefined();
    const python =
      'import sys, urllib.request as u, requests as r; print(u.urlopen(sys.argv[1]).status, r.get(sys.argv[1]).status_code)';
    const script = 'curl -fsSo /dev/null "$1" && wget -qO /dev/null "$1" && python -c "$2" "$1"';
    const ran = await inside('sh', '-c', script, 'sh', `${index}/iniconfig/`, python);
    expect(ran).toMatchObject({ code: 0, stdout: '200 200\n', stderr: '' });
  });

  it('apt-get install inside', async () => {
    const script = 'apt-get update -q && apt-get install -yq --no-install-recommends hello && hello';
    const apt = await inside('sh', '-c', script);
    expect(apt).toMatchObject({ code: 0, stdout: expect.stringMatching(/Hello, world!\n$/) as string });
  });

  it('a taken port that was asked for is refused, naming who holds it', async () => {
    const port = new URL(url()).port;
    const elsewhere = await emptyFolder();
    const ran = await rig(['up', 'second', '--jupyter-port', port], { cwd: elsewhere });
    await rm(elsewhere, { recursive: true, force: true });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(
      new RegExp(`RIG-WORKSPACE-002\\]: port ${port} for jupyter is taken by .*process \\d+`),
    );
  });

  it('two more at once: each has a port and a token of its own, although both wish for the same port', async () => {
    const names = ['one', 'two'];
    const ups = await Promise.all(names.map((name) => rig.json(['up', name], { cwd: folder })));
    const urls = ups.map(({ jupyter }) => (jupyter as { url: string } | undefined)?.url);
    expect(new Set([url(), ...urls]).size).toBe(3);
    for (const [index, name] of names.entries()) {
      const own = (await rig(['token', name], { cwd: folder })).stdout.trim();
      const status = new URL('/api/status', urls[index]);
      expect((await fetch(status, { headers: { authorization: `token ${own}` } })).status).toBe(200);
    }
    for (const name of names) await rig(['down', name, '--purge', '--yes'], { cwd: folder });
  });

  it('what was installed is there after down and up, and gone after a purge', async () => {
    await rig(['down'], { cwd: folder });
    expect(await rig.json(['up'], { cwd: folder })).toMatchObject({
      alreadyRunning: false,
      bytesFetched: 0,
      verification: { ok: true, cached: true },
    });
    expect(await inside('sh', '-c', 'hello && python -c "import iniconfig"')).toMatchObject({ code: 0 });
    expect(await rig(['down', '--purge', '--yes'], { cwd: folder })).toMatchObject({ code: 0 });
    expect(await rig.json(['up'], { cwd: folder })).toMatchObject({ verification: { ok: true } });
    expect(await inside('sh', '-c', '! command -v hello')).toMatchObject({ code: 0, stdout: '' });
    expect(await inside('python', '-c', 'import iniconfig')).toMatchObject({ code: 1 });
  });
});

/** Whether the file, or a folder between it and `top`, is its owner's alone: then nobody else gets at it, outside or inside. */
async function isPrivate(path: string, top: string): Promise<boolean> {
  if (path === top) return false;
  const { mode } = await stat(path);
  return (mode & 0o077) === 0 || isPrivate(dirname(path), top);
}
