import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  canonicalJson,
  formatBytes,
  formatDuration,
  lockFile,
  parseSize,
  prepareHome,
  run,
  writeFileAtomic,
} from './index.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'rig-kernel-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));
const folder = (): Promise<string> => mkdtemp(join(base, 'of-a-test-'));

describe('sizes', () => {
  it.each([
    ['64m', 64 * 2 ** 20],
    ['2g', 2 ** 31],
    ['2GiB', 2 ** 31],
    ['1.5k', 1536],
    ['100', 100],
  ])('%s', (text, bytes) => expect(parseSize(text)).toBe(bytes));
  it.each(['32q', '', '-1g', 'g', '1 2', '9999999t'])('%s is not a size', (text) =>
    expect(parseSize(text)).toBeUndefined(),
  );
  it('formats for people', () => {
    expect(formatBytes(999)).toBe('999 B');
    expect(formatBytes(3_160_000_000)).toBe('3.16 GB');
    expect(formatBytes(999_999)).toBe('1.00 MB');
    expect(formatDuration(200_400)).toBe('3 min 20 s');
  });
});

describe('writeFileAtomic', () => {
  it('replaces a file, keeps the mode asked for, leaves nothing behind', async () => {
    const at = await folder();
    const file = join(at, 'token');
    await writeFileAtomic(file, 'one', { mode: 0o600 });
    await writeFileAtomic(file, 'two', { mode: 0o600 });
    expect(await readFile(file, 'utf8')).toBe('two');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(at)).toEqual(['token']);
  });
});

describe('lockFile', () => {
  it('excludes, reports waiting, and passes on when released', async () => {
    const path = join(await folder(), 'a.lock');
    const first = await lockFile(path);
    expect(await lockFile(path, { tryOnly: true })).toBeUndefined();
    let waited = 0;
    const second = lockFile(path, { onWait: () => (waited += 1) });
    await new Promise((done) => setTimeout(done, 100));
    await first.release();
    await (await second).release();
    expect(waited).toBe(1);
  });

  it('dies with its process, even by kill -9', async () => {
    const at = await folder();
    const path = join(at, 'b.lock');
    const kernel = fileURLToPath(new URL('index.ts', import.meta.url));
    const script = join(at, 'hold.mts');
    await writeFile(
      script,
      `import { lockFile } from ${JSON.stringify(kernel)}; await lockFile(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000);`,
    );
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    });
    await new Promise((done) => child.stdout.once('data', done));
    expect(await lockFile(path, { tryOnly: true })).toBeUndefined();
    child.kill('SIGKILL');
    const lock = await lockFile(path);
    await lock.release();
  });

  it('names the path it cannot lock', async () => {
    await expect(lockFile('/etc/passwd/x.lock')).rejects.toThrow(/cannot lock \/etc\/passwd/);
  });
});

describe('run', () => {
  it('returns output and code', async () => {
    const result = await run('sh', ['-c', 'cat; echo bad >&2; exit 3'], { input: 'hello' });
    expect(result).toMatchObject({ code: 3, stdout: 'hello', stderr: 'bad\n', timedOut: false });
  });
  it('kills a whole group at the time limit', async () => {
    const started = Date.now();
    const result = await run('sh', ['-c', 'sleep 30 & sleep 30'], { timeout: 100 });
    expect(result.timedOut).toBe(true);
    expect(Date.now() - started).toBeLessThan(5000);
  });
});

describe('canonicalJson', () => {
  it('does not depend on key order', () => {
    expect(canonicalJson({ b: [{ d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[{"d":1}]}');
  });
});

describe('prepareHome', () => {
  it('makes the folder, for its owner alone', async () => {
    const root = join(await folder(), 'a', 'home');
    await prepareHome(root);
    expect((await stat(root)).mode & 0o777).toBe(0o700);
  });
  it.each(['/proc/x/home', '/etc/passwd/home'])('refuses %s at once', async (root) => {
    await expect(prepareHome(root)).rejects.toThrow(`TORCHRIG_HOME ${root} cannot be used`);
  });
  it.skipIf(process.getuid?.() === 0)('refuses a folder of somebody else (skipped as root)', async () => {
    await expect(prepareHome('/usr/lib/torchrig-test')).rejects.toThrow('cannot be used');
  });
});
