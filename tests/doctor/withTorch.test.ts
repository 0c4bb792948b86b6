import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeEnvironment } from '../../src/doctor/index.ts';
import { run } from '../../src/kernel/index.ts';

/** A Python with torch: the interpreter of a v2.7 environment or of a virtual environment with its wheels. */
const python = process.env['RIG_TEST_PYTHON'];
const asRoot = process.getuid?.() === 0;
let at = '';
beforeAll(async () => {
  at = await mkdtemp(join(tmpdir(), 'rig-torch-'));
});
afterAll(() => rm(at, { recursive: true, force: true }));

/** Finding ids of the probes when Python is started by `command` (which gets the interpreter as its last words). */
async function findings(command: string[], compile = false): Promise<string[]> {
  const [program, ...args] = [...command, python ?? '', '-'];
  const { findings } = await probeEnvironment({
    torch: true,
    workspace: at,
    compile,
    hashSeconds: 0.1,
    exec: (_command, options) => run(program, args, { ...options, cwd: at }),
  });
  return findings.filter(({ severity }) => severity === 'fail').map(({ id }) => id);
}

describe.skipIf(!python)('with torch (needs RIG_TEST_PYTHON, a Python with torch)', () => {
  it('finds nothing wrong as it is', async () => {
    expect(await findings([])).toEqual([]);
  });

  it('finds a missing compiler', async () => {
    expect(await findings(['env', 'PATH=/nonexistent', 'CC=', 'CXX='], true)).toEqual(['no-compiler']);
  });

  it('finds a stray cuDNN in LD_LIBRARY_PATH', async () => {
    const where = await run(python ?? '', ['-c', 'import nvidia.cudnn as c; print(c.__path__[0])']);
    const folder = join(where.stdout.trim(), 'lib');
    const name = (await readdir(folder)).find((each) => each.startsWith('libcudnn.so')) ?? '';
    await mkdir(join(at, 'stray'));
    await copyFile(join(folder, name), join(at, 'stray', name));
    expect(await findings(['env', `LD_LIBRARY_PATH=${join(at, 'stray')}`])).toEqual(['stray-libraries']);
  });

  it.skipIf(!asRoot)('finds a /dev/shm of 1 MB (needs root to mount one)', async () => {
    const script = 'mount -t tmpfs -o size=1m shm /dev/shm && exec "$0" "$@"';
    expect(await findings(['unshare', '-m', 'sh', '-c', script])).toEqual(['shm-small']);
  });
});
