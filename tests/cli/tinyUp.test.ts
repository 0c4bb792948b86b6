import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyFolder, rigAt } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

describe('rig with the tiny preset, from an empty home', () => {
  let rig: Rig;
  let folder: string;

  beforeAll(async () => {
    rig = await rigAt();
    folder = await emptyFolder();
    await writeFile(join(folder, 'torchrig.yaml'), 'preset: tiny\nname: tiny-test\n');
  });
  afterAll(async () => {
    await rig.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('comes up, verified, by one command', async () => {
    const result = await rig.json(['up'], { cwd: folder });
    expect(result).toMatchObject({
      name: 'tiny-test',
      engine: 'sandbox',
      alreadyRunning: false,
      lock: { builtin: true },
      jupyter: null,
      verification: { ok: true, torch: null, imports: { failed: [] } },
    });
    const lock = await readFile(new URL('../../presets/tiny/torchrig.lock', import.meta.url), 'utf8');
    expect(lock).toContain((result['image'] as { digest: string }).digest);
    expect(result['bytesFetched']).toBeGreaterThan(30_000_000);
  });

  it('a second up changes nothing and fetches nothing', async () => {
    expect(await rig.json(['up'], { cwd: folder })).toMatchObject({ alreadyRunning: true, bytesFetched: 0 });
  });

  it('says what a running one does not have as asked, and leaves it running', async () => {
    const { notices } = await rig.json(['up'], { cwd: folder });
    const asked = { cwd: folder, env: { RIG_TEST_SECRET: 'of an hour later' } };
    const file = join(folder, 'torchrig.yaml');
    const before = await readFile(file, 'utf8');
    await writeFile(file, `${before}cpus: 1\nenv:\n  TOKEN: \${RIG_TEST_SECRET}\n`);
    const result = await rig.json(['up'], asked);
    await writeFile(file, before);
    expect(result).toMatchObject({ alreadyRunning: true });
    const more = 'cpus, env are not what it was started with; to apply: rig down && rig up';
    expect(result['notices']).toEqual([...(notices as string[]), more]);
    expect((await rig.json(['up'], { cwd: folder }))['notices']).toEqual(notices);
  });

  it('exec passes on input, output and exit code', async () => {
    const ran = await rig(['exec', '--', 'sh', '-c', 'cat; echo bad >&2; exit 7'], {
      cwd: folder,
      input: 'hello',
    });
    expect(ran).toMatchObject({ code: 7, stdout: 'hello', stderr: 'bad\n' });
    const python = await rig(['exec', '--', 'python', '-c', 'import six, attrs, idna; print(six.__name__)'], {
      cwd: folder,
    });
    expect(python).toMatchObject({ code: 0, stdout: 'six\n' });
  });

  it('files written in /workspace are on the host and belong to the caller', async () => {
    await rig(['exec', '--', 'sh', '-c', 'echo data > /workspace/made; echo more > /root/workspace/other'], {
      cwd: folder,
    });
    expect(await readFile(join(folder, 'workspace', 'made'), 'utf8')).toBe('data\n');
    expect((await stat(join(folder, 'workspace', 'other'))).uid).toBe(process.getuid?.());
  });

  it('ps and status tell the truth, also after kill -9', async () => {
    const before = (await rig.json(['status'], { cwd: folder })) as { state: string; pid: number };
    expect(before.state).toBe('running');
    process.kill(before.pid, 'SIGKILL');
    await expect.poll(async () => (await rig.json(['status'], { cwd: folder }))['state']).not.toBe('running');
    const again = await rig.json(['up'], { cwd: folder });
    expect(again).toMatchObject({ alreadyRunning: false, verification: { ok: true } });
  });

  it('what was installed inside lasts until down --purge', async () => {
    await rig(['exec', '--', 'sh', '-c', 'echo kept > /opt/mark'], { cwd: folder });
    await rig(['down'], { cwd: folder });
    await rig(['up'], { cwd: folder });
    expect(await rig(['exec', '--', 'cat', '/opt/mark'], { cwd: folder })).toMatchObject({
      stdout: 'kept\n',
    });
    expect((await rig(['down', '--purge', '--yes'], { cwd: folder })).code).toBe(0);
    await rig(['up'], { cwd: folder });
    expect((await rig(['exec', '--', 'cat', '/opt/mark'], { cwd: folder })).code).toBe(1);
    expect(await readFile(join(folder, 'workspace', 'made'), 'utf8')).toBe('data\n');
  });

  it('two at once, on one environment and on two', async () => {
    const other = await emptyFolder();
    await writeFile(join(other, 'torchrig.yaml'), 'preset: tiny\nname: tiny-other\n');
    await rig(['down'], { cwd: folder });
    const all = await Promise.all([
      rig.json(['up'], { cwd: folder }),
      rig.json(['up'], { cwd: folder }),
      rig.json(['up'], { cwd: other }),
    ]);
    for (const each of all) expect(each).toMatchObject({ verification: { ok: true } });
    expect(await rig(['exec', 'tiny-other', '--', 'hostname'], { cwd: folder })).toMatchObject({ code: 0 });
    await rig(['down', '--purge', '--yes'], { cwd: other });
    await rm(other, { recursive: true, force: true });
  });

  it('a home that was moved is the home that it was', async () => {
    await rig(['down'], { cwd: folder });
    const env = { TORCHRIG_HOME: `${rig.home}-moved` };
    await rename(rig.home, env.TORCHRIG_HOME);
    const up = await rig.json(['up'], { cwd: folder, env });
    await rig(['down'], { cwd: folder, env });
    await rename(env.TORCHRIG_HOME, rig.home);
    expect(up).toMatchObject({
      alreadyRunning: false,
      bytesFetched: 0,
      // Nothing was made anew.
      timings: { imageMs: 0 },
      verification: { ok: true },
    });
  });

  it('works with everything stored and no network at all', async () => {
    await rig(['down', '--purge', '--yes'], { cwd: folder });
    const nowhere = 'http://127.0.0.1:9';
    const env = {
      TORCHRIG_PYTHON_INDEX: nowhere,
      TORCHRIG_DEBIAN_MIRROR: nowhere,
      TORCHRIG_DEBIAN_SECURITY_MIRROR: nowhere,
    };
    expect(await rig.json(['up'], { cwd: folder, env })).toMatchObject({
      bytesFetched: 0,
      verification: { ok: true },
    });
  });

  it('with no network and something missing: exit 4, and it is named', async () => {
    const bare = await rigAt();
    const nowhere = 'http://127.0.0.1:9';
    const env = {
      TORCHRIG_PYTHON_INDEX: nowhere,
      TORCHRIG_DEBIAN_MIRROR: nowhere,
      TORCHRIG_DEBIAN_SECURITY_MIRROR: nowhere,
    };
    const began = performance.now();
    const ran = await bare(['up'], { cwd: folder, env });
    const milliseconds = performance.now() - began;
    await bare.dispose();
    expect(ran.code).toBe(4);
    expect(milliseconds).toBeLessThan(15_000);
    expect(ran.stderr).toMatch(/error\[RIG-(STORE|SOURCES)-\d+\]: .*\n.*\S+ \S+ was wanted of it$/m);
  });

  it('a workspace that cannot be used is refused by name', async () => {
    await writeFile(join(folder, 'a-file'), '');
    const ran = await rig(['up', 'elsewhere', '-v', `${join(folder, 'a-file')}:/workspace`], { cwd: folder });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('a-file');
  });
});
