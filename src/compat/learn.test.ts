import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRemoteFile } from '../sources/index.ts';
import { createHttp } from '../store/index.ts';
import { builtin } from './builtin.ts';
import { learnRelease } from './learn.ts';
import { findArchitectures } from './readArchitectures.ts';
import { readTorchWheel, wheelTags } from './readWheel.ts';
import { verifyTables } from './verify.ts';
import { markerHolds, requirementsOf } from './wheelMetadata.ts';
import type { WheelSource } from './wheelSource.ts';

/** A zip file of deflated members (APPNOTE 4.3), as wheels are. */
function zip(members: Record<string, Buffer | string>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(members)) {
    const data = Buffer.from(content);
    const packed = deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, tail, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(members).length, 8);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

const LINUX = 'platform_system == "Linux"';
function torchWheel(
  version: string,
  more: { cuda?: string; flags?: string; requires?: string[]; local?: string } = {},
): Buffer {
  const cuda = more.cuda === undefined ? 'None' : `'${more.cuda}'`;
  const local = more.local ?? (more.cuda === undefined ? 'cpu' : `cu${more.cuda.replace('.', '')}`);
  const noise = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251));
  return zip({
    'torch/version.py': `__version__ = '${version}+${local}'\ndebug = False\ncuda: Optional[str] = ${cuda}\nhip: Optional[str] = None\n`,
    [`torch-${version}.dist-info/METADATA`]: [
      'Metadata-Version: 2.1',
      'Requires-Python: >=3.10',
      ...(more.requires ?? []).map((text) => `Requires-Dist: ${text}`),
      '',
      'Requires-Dist: not-a-header==1',
    ].join('\n'),
    'torch/lib/libtorch_python.so': Buffer.concat([
      noise,
      Buffer.from(`sm_90a\0some ipc_h${more.flags ?? ''}\0rest`),
      noise,
    ]),
  });
}
const companion = (name: string, version: string, torch: string): Buffer =>
  zip({
    [`${name}-${version}.dist-info/METADATA`]: `Metadata-Version: 2.1\nRequires-Dist: numpy\nRequires-Dist: torch${torch}\n`,
  });

const NEW = {
  cuda: '13.2',
  flags: 'sm_75 sm_80 sm_90 sm_100 sm_120 compute_120',
  requires: [
    `cuda-toolkit[cublas,cudart]==13.2.2; ${LINUX}`,
    `nvidia-cudnn-cu13==9.26.0.51; ${LINUX}`,
    `nvidia-nccl-cu13==2.30.7; ${LINUX}`,
    `nvidia-cusparselt-cu13==0.8.1; ${LINUX} and platform_machine == "x86_64"`,
    `triton~=3.9.0; ${LINUX} and python_version < "3.16"`,
    'optree>=0.13.0; extra == "optree"',
  ],
};

let folder: string;
let source: WheelSource;
const http = createHttp();
const open = (file: string) => openRemoteFile({ url: pathToFileURL(join(folder, file)).href }, http);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-learn-'));
  const wheels: Record<string, Buffer> = {
    'torch-9.1.0-cp310-cp310-manylinux_2_28_x86_64.whl': torchWheel('9.1.0', NEW),
    'torch-9.1.0-cp312-cp312-manylinux_2_28_x86_64.whl': torchWheel('9.1.0', NEW),
    'torch-9.1.0-cp313-cp313t-manylinux_2_28_x86_64.whl': Buffer.from('never read'),
    'torch-9.1.0-cp312-cp312-manylinux_2_28_aarch64.whl': torchWheel('9.1.0', { ...NEW, flags: '\0sm_90' }),
    'torch-9.1.0-cp312-cp312-win_amd64.whl': Buffer.from('never read'),
    'torch-9.1.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl': torchWheel('9.1.0'),
    'torchvision-7.16.0-cp312-cp312-manylinux_2_28_x86_64.whl': companion('torchvision', '7.16.0', '==9.0.0'),
    'torchvision-7.16.1-cp312-cp312-manylinux_2_28_x86_64.whl': companion('torchvision', '7.16.1', '==9.1.0'),
    'torchvision-7.17.0-cp312-cp312-manylinux_2_28_x86_64.whl': companion('torchvision', '7.17.0', '>=9.0'),
    'torchaudio-8.0.0-cp312-cp312-manylinux_2_28_x86_64.whl': companion('torchaudio', '8.0.0', ''),
    'torch-9.0.0+cu132-cp312-cp312-manylinux_2_28_x86_64.whl': torchWheel('9.0.0', {
      ...NEW,
      flags: 'sm_75 sm_80',
    }),
    'torch-9.0.0-cp312-cp312-manylinux_2_28_x86_64.whl': torchWheel('9.0.0', { ...NEW, flags: '' }),
    'torch-8.0.0-cp312-cp312-manylinux_2_28_x86_64.whl': torchWheel('8.0.0', NEW).subarray(0, 1000),
    'torch-8.1.0-cp312-cp312-manylinux_2_28_x86_64.whl': zip({
      'torch-8.1.0.dist-info/METADATA': 'Name: torch\n',
    }),
  };
  await Promise.all(Object.entries(wheels).map(([file, data]) => writeFile(join(folder, file), data)));
  const names = await readdir(folder);
  source = {
    files: (name) => Promise.resolve(names.filter((file) => file.startsWith(`${name}-`))),
    open: (_name, file) => open(file),
  };
});
afterAll(async () => {
  await http.close();
  await rm(folder, { recursive: true });
});

describe('learning a release', () => {
  it('reads its row out of the wheels, on both platforms and for tagged variants', async () => {
    const { release } = await learnRelease(source, '9.1.0', { today: '2026-11-21' });
    const nvidia = {
      'cuda-toolkit': '13.2.2',
      'nvidia-cudnn-cu13': '9.26.0.51',
      'nvidia-nccl-cu13': '2.30.7',
    };
    const common = { ptx: null, glibc: '2.28', triton: '3.9.0', read: '2026-11-21' };
    expect(release).toEqual({
      version: '9.1.0',
      date: null,
      torchvision: '7.16.1',
      torchaudio: null,
      triton: '3.9.0',
      python: { min: '3.10', max: '3.12' },
      indexDefault: { 'linux/amd64': 'cu132', 'linux/arm64': 'cu132' },
      cpu: { 'linux/amd64': '2.28' },
      variants: {
        cu132: {
          cuda: '13.2.2',
          cudnn: '9.26.0.51',
          nccl: '2.30.7',
          cusparselt: '0.8.1',
          nvshmem: null,
          builds: {
            'linux/amd64': {
              ...common,
              architectures: ['7.5', '8.0', '9.0', '10.0', '12.0'],
              ptx: '12.0',
              nvidia: { ...nvidia, 'nvidia-cusparselt-cu13': '0.8.1' },
            },
            'linux/arm64': { ...common, architectures: ['9.0'], nvidia },
          },
          confidence: 'high',
          notes: [],
          sources: ['read'],
        },
      },
      status: 'read',
      notes: [],
      sources: ['read'],
    });
  });

  it('says unknown where no list of architectures is found', async () => {
    const { release } = await learnRelease(source, '9.0.0', {
      today: '2026-11-21',
      platforms: ['linux/amd64'],
    });
    expect(release.variants['cu132']?.builds['linux/amd64']?.architectures).toBeNull();
    expect(release.torchvision).toBe('7.16.0');
  });

  it.each([
    ['7.0.0', 'RIG-COMPAT-013'],
    ['8.0.0', 'RIG-COMPAT-010'],
    ['8.1.0', 'RIG-COMPAT-012'],
  ])('torch %s ends in %s', async (version, code) => {
    await expect(learnRelease(source, version, { today: '2026-11-21' })).rejects.toMatchObject({
      code,
      exitCode: 4,
    });
  });

  it('reads little of a wheel', async () => {
    const file = 'torch-9.1.0-cp312-cp312-manylinux_2_28_x86_64.whl';
    const wheel = await open(file);
    let most = 0;
    const reading = await readTorchWheel(
      {
        ...wheel,
        read(offset, length) {
          most = Math.max(most, length);
          return wheel.read(offset, length);
        },
      },
      file,
    );
    await wheel.close();
    expect(reading).toMatchObject({ version: '9.1.0', variant: 'cu132', requiresPython: '>=3.10' });
    expect(most).toBeLessThanOrEqual(1024 * 1024);
  });
});

describe('verifying tables', () => {
  it('tells agreement, differences, missing and unreadable wheels apart, and releases it lacks', async () => {
    const { release } = await learnRelease(source, '9.1.0', { today: '2026-11-21' });
    const wrong = structuredClone(release);
    Object.assign(wrong.variants['cu132'] ?? {}, { cudnn: '9.1.0.70' });
    wrong.torchvision = '7.16.0';
    const check = async (...releases: (typeof release)[]) => verifyTables({ ...builtin, releases }, source);
    expect(await check(release)).toMatchObject({ ok: true, rows: [{ outcome: 'same', variant: 'cu132' }] });
    expect((await check({ ...release, version: '8.0.0' })).unknown).toEqual(['8.1.0', '9.0.0', '9.1.0']);
    expect((await check(wrong)).rows[0]).toMatchObject({
      outcome: 'different',
      differences: [
        { field: 'cudnn', table: '9.1.0.70', wheel: '9.26.0.51' },
        { field: 'torchvision', table: '7.16.0', wheel: '7.16.1' },
      ],
    });
    const tagged = await check({ ...release, version: '9.0.0' });
    expect(
      tagged.rows.map(({ tag, outcome, differences }) => [
        tag,
        outcome,
        differences.map(({ field }) => field),
      ]),
    ).toEqual([
      [null, 'different', ['architectures', 'ptx', 'torchvision']],
      ['cu132', 'different', ['architectures', 'ptx']],
    ]);
    const others = await check({ ...release, version: '7.0.0' }, { ...release, version: '8.0.0' });
    expect(others.ok).toBe(false);
    expect(others.rows.map((row) => row.outcome)).toEqual(['missing', 'failed']);
  });
});

describe('hostile wheels', () => {
  const good = torchWheel('9.1.0', NEW);
  const directory = good.indexOf('PK\x01\x02');
  it.each([
    ['empty', Buffer.alloc(0)],
    ['not a zip', Buffer.from('hello '.repeat(1000))],
    ['cut in the middle', good.subarray(0, good.length / 2)],
    ['without its first half', good.subarray(good.length / 2)],
    [
      'with a damaged directory',
      Buffer.concat([good.subarray(0, directory), Buffer.from('XXXX'), good.subarray(directory + 4)]),
    ],
    ['with a directory beyond the end', Buffer.from(good).fill(0xfe, good.length - 6, good.length - 2)],
    ['with damaged data', Buffer.from(good).fill(0xff, 60, 90)],
  ])('one that is %s is refused', async (what, data) => {
    const file = `torch-9.1.0-cp312-cp312-manylinux_2_28_x86_64.whl`;
    const path = join(folder, `bad-${what.replaceAll(' ', '-')}`);
    await writeFile(path, data);
    const wheel = await openRemoteFile({ url: pathToFileURL(path).href }, http);
    await expect(readTorchWheel(wheel, file)).rejects.toMatchObject({ exitCode: 4 });
    await wheel.close();
  });
});

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(await Promise.resolve(text), 'latin1');
}

describe('the small readers', () => {
  it.each([
    [['x\0sm_80 sm_', '90 compute_90\0'], { cubins: ['8.0', '9.0'], ptx: '9.0' }],
    [['ipc_hsm_70 sm_75\0'], { cubins: ['7.0', '7.5'], ptx: null }],
    [['\0sm_90\0', 'nothing else'], { cubins: ['9.0'], ptx: null }],
    [['sm_80 sm_90 without an end'], null],
    [['none'], null],
  ])('architectures in %j', async (texts, expected) => {
    expect(await findArchitectures(pieces(...texts))).toEqual(expected);
  });

  it.each([
    [
      'torch-2.7.1-cp311-cp311-manylinux_2_28_x86_64.whl',
      { version: '2.7.1', python: 'cp311', platform: 'linux/amd64', glibc: '2.28' },
    ],
    [
      'torch-2.7.1%2Bcu128-cp311-cp311-manylinux_2_28_aarch64.whl',
      { version: '2.7.1+cu128', platform: 'linux/arm64' },
    ],
    ['torch-2.0.0-cp311-cp311-manylinux1_x86_64.whl', { glibc: '2.17' }],
    ['torchaudio-2.0.1-cp311-cp311-manylinux2014_aarch64.manylinux_2_17_aarch64.whl', { glibc: '2.17' }],
    ['torch-2.7.1-cp311-none-macosx_11_0_arm64.whl', { platform: null }],
    ['torch-2.7.1.tar.gz', undefined],
  ])('tags of %s', (file, expected) => {
    const tags = wheelTags(file);
    expect(tags === undefined ? undefined : { ...tags, ...expected }).toEqual(tags);
    expect(tags === undefined).toBe(expected === undefined);
  });

  it.each([
    ['platform_system == "Linux" and platform_machine == "x86_64"', true],
    ["platform_machine == 'aarch64' or python_version < '3.12'", true],
    ['(platform_machine == "aarch64" or python_version >= "3.12") and os_name == "posix"', false],
    ['python_version < "3.9"', false],
    ['extra == "optree"', false],
    ['sys_platform not in "win32 darwin"', true],
    ['', true],
  ])('marker %s is %s', (marker, holds) => {
    expect(markerHolds(marker, { platform: 'linux/amd64', python: '3.11' })).toBe(holds);
  });

  it('requirements: names, pins, parentheses, extras left out', () => {
    const metadata =
      'Requires-Dist: Nvidia_NCCL.cu12 (==2.26.2)\nRequires-Dist: fsspec[http]>=1,<2\nRequires-Dist: x; extra == "y"\n';
    expect(requirementsOf(metadata, { platform: 'linux/amd64', python: '3.11' })).toEqual([
      { name: 'nvidia-nccl-cu12', specifier: '==2.26.2', pin: '2.26.2' },
      { name: 'fsspec', specifier: '>=1,<2', pin: undefined },
    ]);
  });
});
