import { describe, expect, it } from 'vitest';
import type { Plan } from '../compat/index.ts';
import type { Lock, LockedDeb, LockedWheel } from './lockfile.ts';
import { newestWheel } from './newestWheel.ts';
import { debianOutlook, inOrder, pythonNames, pythonOutlook } from './outlook.ts';

const TARGET = { python: '3.11', platform: 'linux/amd64', glibc: '2.36' } as const;
const offer = (version: string, more: { tag?: string; yanked?: boolean; python?: string } = {}) => ({
  file: `pkg-${version}-${more.tag ?? 'py3-none-any'}.whl`,
  version,
  yanked: more.yanked ?? false,
  requiresPython: more.python,
});

describe('the newest wheel', () => {
  it('is final, not withdrawn, and fits Python, platform and glibc', () => {
    const wheels = [
      offer('1.9'),
      offer('1.10', { tag: 'cp311-cp311-manylinux_2_28_x86_64' }),
      offer('1.11', { tag: 'cp312-cp312-manylinux_2_28_x86_64' }),
      offer('1.12', { tag: 'cp311-cp311-manylinux_2_39_x86_64' }),
      offer('1.13', { tag: 'cp311-cp311-macosx_11_0_arm64' }),
      offer('1.14', { yanked: true }),
      offer('1.15', { python: '>=3.12' }),
      offer('2.0rc1'),
      offer('2.0.dev3'),
      offer('nonsense'),
    ];
    expect(newestWheel(wheels, TARGET)).toBe('1.10');
    expect(newestWheel([...wheels, offer('1.10.post1', { python: '>=3.8,!=3.9.*' })], TARGET)).toBe(
      '1.10.post1',
    );
  });

  it('is none where only pre-releases or other platforms are served', () => {
    expect(newestWheel([offer('1.0b1'), offer('1.0', { tag: 'cp311-cp311-win_amd64' })], TARGET)).toBeNull();
  });
});

const wheel = (name: string, version: string): LockedWheel => ({
  name,
  version,
  file: '',
  size: 0,
  sha256: '',
});
const PLAN = {
  torch: '2.7.1',
  nvidia: { nvidia_nccl_cu12: '2.26.2', 'cuda-toolkit': '12.6' },
} as unknown as Plan;
const lockOf = (python: LockedWheel[], asked: string[] = []): Pick<Lock, 'plan' | 'python' | 'asked'> => ({
  plan: PLAN,
  python,
  asked: { packages: { python: asked, debian: [] } } as unknown as Lock['asked'],
});

describe('Python packages', () => {
  it('are compared as PEP 440 says, with the requirement that holds one back', () => {
    const lock = lockOf(
      [
        wheel('same', '1.0'),
        wheel('numeric', '1.9'),
        wheel('held', '4.9'),
        wheel('dependent', '1.0'),
        wheel('ahead', '3.0'),
      ],
      ['Held[extra]<5; python_version > "3"', 'numeric>=1'],
    );
    const latest = new Map([
      ['same', '1.0'],
      ['numeric', '1.10'],
      ['held', '5.1'],
      ['dependent', '2.0'],
      ['ahead', '2.0'],
    ]);
    const wanted = new Map([
      ['same', '1.0'],
      ['numeric', '1.10'],
      ['held', '4.10'],
      ['dependent', '1.0'],
      ['ahead', '3.0'],
    ]);
    const row = { kind: 'python', group: 'other' } as const;
    expect(pythonOutlook(lock, wanted, latest)).toEqual([
      { ...row, name: 'numeric', locked: '1.9', wanted: '1.10', latest: '1.10', heldBy: null },
      {
        ...row,
        name: 'held',
        locked: '4.9',
        wanted: '4.10',
        latest: '5.1',
        heldBy: 'Held[extra]<5; python_version > "3"',
      },
      { ...row, name: 'dependent', locked: '1.0', wanted: '1.0', latest: '2.0', heldBy: null },
    ]);
  });

  it('that no resolution is known for still show what is served', () => {
    const [found] = pythonOutlook(lockOf([wheel('pkg', '1.0')]), undefined, new Map([['pkg', '2.0']]));
    expect(found).toMatchObject({ wanted: null, latest: '2.0' });
  });

  it('that torch pins are not looked at', () => {
    const python = ['torch', 'triton', 'nvidia-nccl-cu12', 'nvidia-nvtx-cu12', 'cuda-toolkit', 'numpy'].map(
      (name) => wheel(name, '1'),
    );
    expect(pythonNames(lockOf(python))).toEqual(['torch', 'triton', 'numpy']);
    expect(pythonNames({ plan: null, python })).toHaveLength(6);
  });
});

const deb = (name: string, version: string): LockedDeb => ({
  name,
  version,
  arch: 'amd64',
  archive: 'debian',
  path: '',
  size: 0,
  sha256: '',
});

const main = (version: string, arch = 'amd64') => ({ version, arch, archive: 'debian' as const });

describe('Debian packages', () => {
  it('are compared as Debian says; a newer one in the security archive marks, wherever the newest lies', () => {
    const served: Record<string, { version: string; arch: string; archive: 'debian' | 'debian-security' }[]> =
      {
        same: [main('1.0-1')],
        tilde: [main('2.0~rc1-1')],
        newer: [main('1.0-9'), main('1.0-10')],
        urgent: [main('3.0-1+deb12u1'), { ...main('3.0-1+deb12u2'), archive: 'debian-security' }],
        settled: [main('1-3'), { ...main('1-2'), archive: 'debian-security' }],
        foreign: [main('9', 'arm64')],
      };
    const locked = [
      deb('same', '1.0-1'),
      deb('tilde', '2.0-1'),
      deb('newer', '1.0-9'),
      deb('urgent', '3.0-1'),
      deb('settled', '1-1'),
      deb('foreign', '1'),
      deb('gone', '1'),
    ];
    const found = debianOutlook(locked, 'amd64', (name) => served[name] ?? []);
    expect(found.map(({ name, group, wanted, latest }) => [name, group, wanted, latest])).toEqual([
      ['newer', 'other', '1.0-10', '1.0-10'],
      ['urgent', 'security', '3.0-1+deb12u2', '3.0-1+deb12u2'],
      ['settled', 'security', '1-3', '1-3'],
    ]);
  });
});

const row = (name: string, group: 'torch' | 'security' | 'other', kind: 'python' | 'debian' = 'python') => ({
  name,
  kind,
  group,
  locked: '1',
  wanted: '2',
  latest: '2',
  heldBy: null,
});

it('puts the torch set first in its own order, then security updates, then Python, then Debian', () => {
  const mixed = [
    row('bash', 'other', 'debian'),
    row('zlib', 'other'),
    row('numpy', 'other'),
    row('openssl', 'security', 'debian'),
    row('triton', 'torch'),
    row('torchaudio', 'torch'),
    row('torch', 'torch'),
    row('curl', 'security', 'debian'),
  ];
  expect(inOrder(mixed).map(({ name }) => name)).toEqual([
    'torch',
    'torchaudio',
    'triton',
    'curl',
    'openssl',
    'numpy',
    'zlib',
    'bash',
  ]);
});
