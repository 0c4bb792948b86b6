import { describe, expect, it } from 'vitest';
import { cpuQuota, memoryLimit } from './cgroup.ts';
import { libraryVersion, loaderCache } from './libraries.ts';
import { mountOf } from './mounts.ts';
import { parseRows } from './nvidiaSmi.ts';
import { cdiOf } from './readEngines.ts';
import { kernelBus } from './readGpus.ts';
import { recordedReader } from './recordedReader.ts';

const readerOf = (files: Record<string, string>, more = {}): ReturnType<typeof recordedReader> =>
  recordedReader({ label: 'test', files, ...more });

describe('mountOf', () => {
  const info = [
    '22 1 8:1 / / rw - ext4 /dev/sda1 rw',
    '30 22 0:5 / /mnt/my\\040disk ro,nosuid - nfs4 server:/x rw',
    '31 22 0:6 / /mnt rw - xfs /dev/sdb rw',
  ].join('\n');
  it.each([
    ['/home/x', 'ext4'],
    ['/mnt/a', 'xfs'],
    ['/mnt/my disk/a', 'nfs4'],
    ['/mntother', 'ext4'],
  ])('%s lies on %s', (path, type) => expect(mountOf(info, path)?.type).toBe(type));
  it('survives nonsense', () => expect(mountOf('x\n\n - \n1 2 3', '/a')).toBeUndefined());
});

describe('limits of control groups', () => {
  it('takes the tightest of a group and those above it (version 2)', async () => {
    const reader = readerOf({
      '/proc/self/cgroup': '0::/a/b\n',
      '/sys/fs/cgroup/a/b/memory.max': 'max\n',
      '/sys/fs/cgroup/a/memory.max': '1000000\n',
      '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/a/cpu.max': '150000 100000\n',
    });
    expect(await memoryLimit(reader)).toBe(1_000_000);
    expect(await cpuQuota(reader)).toBe(1.5);
  });
  it('knows "no limit" of version 1', async () => {
    const reader = readerOf({
      '/proc/self/cgroup': '4:memory:/\n3:cpu,cpuacct:/\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    });
    expect([await memoryLimit(reader), await cpuQuota(reader)]).toEqual([null, null]);
  });
  it.each(['', 'garbage', '0::', '1:memory'])('survives %j', async (text) => {
    const reader = readerOf({ '/proc/self/cgroup': text, '/sys/fs/cgroup/memory.max': 'x' });
    expect(await memoryLimit(reader)).toBeNull();
  });
});

describe('nvidia-smi rows', () => {
  const fields = ['pci.bus_id', 'index', 'name'] as const;
  it('are taken only in the shape asked for', () => {
    const text =
      '00000000:01:00.0, 0, NVIDIA A100\nNo devices were found\n, , \n<html>, 1, x\n00000000:02:00.0, 1, [N/A]\n';
    expect(parseRows(text, fields)).toEqual([
      { 'pci.bus_id': '00000000:01:00.0', index: '0', name: 'NVIDIA A100' },
      { 'pci.bus_id': '00000000:02:00.0', index: '1' },
    ]);
  });
  it('write a bus address as the kernel does', () =>
    expect(kernelBus('0000000F:01:00.0')).toBe('000f:01:00.0'));
});

describe('libraries of the driver', () => {
  it('follows links to the version, and stops in a circle', async () => {
    const links = { '/l/libcuda.so.1': 'libcuda.so.570.86.10', '/l/a': 'b', '/l/b': 'a' };
    const reader = readerOf({}, { links });
    expect(await libraryVersion(reader, '/l/libcuda.so.1')).toBe('570.86.10');
    expect(await libraryVersion(reader, '/l/a')).toBeNull();
  });
  it('leaves 32-bit copies out', async () => {
    const listing =
      '\tlibcuda.so.1 (libc6) => /lib32/libcuda.so.1\n\tlibcuda.so.1 (libc6,x86-64) => /lib64/libcuda.so.1\n';
    const cache = await loaderCache(readerOf({}, { commands: { '/sbin/ldconfig -p': listing } }));
    expect(cache.byName.get('libcuda.so.1')).toEqual(['/lib64/libcuda.so.1']);
  });
});

describe('cdiOf', () => {
  it.each(['', 'a: [', 'null', '[1]', 'kind: other', '{"kind": "nvidia.com/gpu", "devices": 7}'])(
    '%j',
    (text) => {
      expect(cdiOf('f', text)?.devices ?? []).toEqual([]);
    },
  );
});
