import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gpuAccess } from './gpuAccess.ts';
import { gpuDevices } from './gpuDevices.ts';
import { driverLibraries } from './gpuLibraries.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rig-gpus-'));
});
afterEach(async () => rm(root, { recursive: true, force: true }));

async function put(path: string, content: string | Buffer = ''): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

function elf(bits: 1 | 2): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.write('\u007fELF', 0, 'latin1');
  bytes[4] = bits;
  bytes.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, 18);
  return bytes;
}

async function twoGpus(): Promise<void> {
  for (const name of [
    'nvidiactl',
    'nvidia-uvm',
    'nvidia-uvm-tools',
    'nvidia0',
    'nvidia1',
    'nvidia-caps/nvidia-cap1',
  ]) {
    await put(`dev/${name}`);
  }
  // the bus order is not that of the node numbers
  await put(
    'proc/driver/nvidia/gpus/0000:1b:00.0/information',
    'GPU UUID: \t GPU-aaaa-1\nDevice Minor: \t 1\n',
  );
  await put(
    'proc/driver/nvidia/gpus/0000:5e:00.0/information',
    'GPU UUID: \t GPU-bbbb-0\nDevice Minor: \t 0\n',
  );
}

describe('gpuDevices', () => {
  it('all, with the nodes of MIG slices', async () => {
    await twoGpus();
    const { nodes } = await gpuDevices('all', root);
    expect(nodes).toEqual([
      '/dev/nvidiactl',
      '/dev/nvidia-uvm',
      '/dev/nvidia-uvm-tools',
      '/dev/nvidia1',
      '/dev/nvidia0',
      '/dev/nvidia-caps/nvidia-cap1',
    ]);
  });
  it.each([
    ['an index, in the order of the bus', [0], '/dev/nvidia1'],
    ['a UUID', ['GPU-bbbb-0'], '/dev/nvidia0'],
    ['an index as text', ['1'], '/dev/nvidia0'],
  ])('%s', async (_title, wish, node) => {
    await twoGpus();
    const { nodes } = await gpuDevices(wish, root);
    expect(nodes.filter((name) => /nvidia\d$/.test(name))).toEqual([node]);
  });
  it('one that is not there is refused, with what there is', async () => {
    await twoGpus();
    await expect(gpuDevices([2], root)).rejects.toMatchObject({
      code: 'RIG-ENGINE-011',
      why: expect.stringContaining('GPU-aaaa-1'),
    });
  });
  it('without a driver: all is none, and a wish is refused', async () => {
    expect(await gpuDevices('all', root)).toMatchObject({ kind: 'none', nodes: [] });
    await expect(gpuDevices([0], root)).rejects.toMatchObject({ code: 'RIG-ENGINE-011' });
  });
  it('none is none', async () => {
    await twoGpus();
    expect(await gpuDevices('none', root)).toMatchObject({ nodes: [] });
    expect(await gpuDevices([], root)).toMatchObject({ nodes: [] });
  });
});

describe('driverLibraries', () => {
  it('takes the ones of the running driver, of our word size', async () => {
    await put('sys/module/nvidia/version', '570.1\n');
    await put('usr/lib64/libcuda.so.550.9', elf(2));
    await put('usr/lib/libcuda.so.570.1', elf(1));
    await put('run/opengl-driver/lib/libcuda.so.570.1', elf(2));
    await symlink('libcuda.so.570.1', join(root, 'run/opengl-driver/lib/libcuda.so.1'));
    const { files, aliases, version } = await driverLibraries(root);
    expect(version).toBe('570.1');
    expect(files.map((file) => file.slice(root.length))).toEqual(['/run/opengl-driver/lib/libcuda.so.570.1']);
    expect(aliases).toEqual([['libcuda.so.1', 'libcuda.so.570.1']]);
  });
});

describe('gpuAccess', () => {
  it("says when the driver's libraries are missing", async () => {
    await twoGpus();
    expect((await gpuAccess('all', root)).notices.join()).toContain('no libcuda.so');
  });
  it('WSL: one device, and the folder of libraries in its place', async () => {
    await put('dev/dxg');
    await put('usr/lib/wsl/lib/libcuda.so.1');
    await put('usr/lib/wsl/lib/nvidia-smi');
    const { binds, links, env } = await gpuAccess('all', root);
    expect(binds.map(({ target }) => target)).toEqual(['/dev/dxg', '/usr/lib/wsl']);
    expect(links.map(([path]) => path.split('/').pop())).toEqual(['libcuda.so.1', 'nvidia-smi']);
    expect(env['LD_LIBRARY_PATH']).toBe('/usr/lib/wsl/lib');
  });
  it('a MIG slice is chosen by name', async () => {
    await twoGpus();
    expect((await gpuAccess(['MIG-123'], root)).env['CUDA_VISIBLE_DEVICES']).toBe('MIG-123');
  });
});
