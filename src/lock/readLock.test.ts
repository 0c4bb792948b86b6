import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRigError } from '../kernel/index.ts';
import type { Lock } from './lockfile.ts';
import { parseLock, readLock, writeLock } from './readLock.ts';
import { formatLock, lockDigest } from './writeLock.ts';

const hex = (digit: string): string => digit.repeat(64);

const lock: Lock = {
  format: 1,
  platform: 'linux/amd64',
  epoch: 1783760000,
  asked: {
    torch: '==2.7.1',
    cuda: 'auto',
    python: '3.11',
    packages: { python: ['transformers<5', 'numpy'], debian: ['git', 'gcc'] },
    base: 'debian:12',
  },
  plan: {
    torch: '2.7.1',
    torchvision: '0.22.1',
    torchaudio: null,
    triton: '3.3.1',
    variant: 'cu126',
    cuda: '12.6.3',
    cudnn: '9.5.1.17',
    nccl: '2.26.2',
    python: '3.11',
    platform: 'linux/amd64',
    driverFloor: '525.60.13',
    architectures: ['5.0', '9.0'],
    ptx: null,
    glibc: '2.28',
    nvidia: { 'nvidia-nccl-cu12': '2.26.2', 'nvidia-cublas-cu12': '12.6.4.1' },
  },
  python: [
    {
      name: 'typing-extensions',
      version: '4.15.0',
      file: 'typing_extensions-4.15.0-py3-none-any.whl',
      size: 44614,
      sha256: hex('a'),
    },
    {
      name: 'numpy',
      version: '2.3.1',
      file: 'numpy-2.3.1-cp311-cp311-manylinux_2_28_x86_64.whl',
      size: 1,
      sha256: hex('b'),
    },
  ],
  debian: [
    {
      name: 'libstdc++6',
      version: '12.2.0-14+deb12u1',
      arch: 'amd64',
      archive: 'debian',
      path: 'pool/main/g/gcc-12/libstdc++6_12.2.0-14+deb12u1_amd64.deb',
      size: 613_000,
      sha256: hex('c'),
    },
  ],
  image: null,
};

function failure(text: string): {
  code: string;
  message: string;
  hint: string | undefined;
  why: string | undefined;
} {
  try {
    parseLock(text);
  } catch (error) {
    if (isRigError(error))
      return { code: error.code, message: error.message, hint: error.hint, why: error.why };
    throw error;
  }
  throw new Error('was accepted');
}

const swap = (from: string | RegExp, to: string): string => {
  const text = formatLock(lock);
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return changed;
};

describe('formatLock and parseLock', () => {
  it('gives back what was written, sorted', () => {
    const read = parseLock(formatLock(lock));
    expect(read.python.map((each) => each.name)).toEqual(['numpy', 'typing-extensions']);
    expect(read.asked.packages).toEqual({ python: ['numpy', 'transformers<5'], debian: ['gcc', 'git'] });
    expect(read.plan).toEqual(lock.plan);
    expect(formatLock(read)).toBe(formatLock(lock));
  });

  it('does not depend on the order of what it is given', () => {
    const turned = { ...lock, python: [...lock.python].reverse() };
    expect(formatLock(turned)).toBe(formatLock(lock));
  });

  it('keeps a lock without torch', () => {
    const bare: Lock = { ...lock, plan: null, asked: { ...lock.asked, torch: null }, python: [], debian: [] };
    expect(parseLock(formatLock(bare))).toMatchObject({
      plan: null,
      asked: { torch: null },
      python: [],
      debian: [],
    });
  });

  it('quotes what TOML would read otherwise', () => {
    const odd: Lock = {
      ...lock,
      asked: { ...lock.asked, packages: { python: ['a; extra == "x\\y"'], debian: [] } },
    };
    expect(parseLock(formatLock(odd)).asked.packages.python).toEqual(['a; extra == "x\\y"']);
  });

  it('leaves the expected image out of the digest, and nothing else', () => {
    expect(lockDigest({ ...lock, image: `sha256:${hex('d')}` })).toBe(lockDigest(lock));
    expect(lockDigest({ ...lock, epoch: lock.epoch + 1 })).not.toBe(lockDigest(lock));
    const image = parseLock(formatLock({ ...lock, image: `sha256:${hex('d')}` })).image;
    expect(image).toBe(`sha256:${hex('d')}`);
  });
});

describe('a bad lock', () => {
  it('says where a merge conflict is', () => {
    const found = failure(swap('[[debian]]', '<<<<<<< HEAD\n[[debian]]'));
    expect(found.code).toBe('RIG-LOCK-002');
    expect(found.message).toMatch(/torchrig\.lock:\d+: git left/);
    expect(found.hint).toContain('rig lock');
  });
  it('says where it is not TOML', () => {
    expect(failure('format = 1\nplatform = \n')).toMatchObject({
      code: 'RIG-LOCK-001',
      message: expect.stringContaining('torchrig.lock:2:'),
    });
  });
  it.each([
    ['a newer format', /format = 1/, 'format = 7', /format 7/],
    ['no format', /format = 1\n/, '', /format none/],
  ])('%s is refused', (_what, from, to, message) => {
    expect(failure(swap(from, to))).toMatchObject({
      code: 'RIG-LOCK-003',
      message: expect.stringMatching(message),
    });
  });
  it.each<[string, string | RegExp, string, RegExp]>([
    ['a short hash', hex('a'), 'aa', /python\[1\] \(typing-extensions\)\.sha256: sha256 is not 64/],
    ['an upper-case hash', hex('c'), hex('C'), /debian\[0\] \(libstdc\+\+6\)\.sha256/],
    ['a wheel file in another folder', 'file = "numpy', 'file = "../numpy', /not the name of a wheel/],
    ['a wheel of another package', /file = "numpy-/, 'file = "torch-', /wheel of another package/],
    ['a path with dots', 'path = "pool/main', 'path = "pool/../main', /not a relative path/],
    ['an absolute path', 'path = "pool', 'path = "/pool', /not a relative path/],
    ['an address', 'path = "pool', 'path = "http://h/pool', /not a relative path/],
    ['a size of nothing', 'size = 44614', 'size = 0', /size must not be less than 1/],
    ['a broken size', 'size = 44614', 'size = 4.5', /whole number/],
    ['a missing key', /arch = "amd64"\n/, '', /arch: this key is missing/],
    ['an unknown key', 'arch = "amd64"', 'arch = "amd64"\nurl = "x"', /url: this key is not known/],
    ['a package twice', 'name = "typing-extensions"', 'name = "numpy"', /numpy twice|another package/],
    ['a name that is not normalised', 'name = "numpy"', 'name = "NumPy"', /PEP 503/],
    ['a version with blanks', 'version = "2.3.1"', 'version = "2.3.1 ; rm"', /not a version/],
    ['a platform nobody has', /^platform = "linux\/amd64"/m, 'platform = "plan9/mips"', /platform must be/],
  ])('%s is refused', (_what, from, to, message) => {
    expect(failure(swap(from, to))).toMatchObject({
      code: 'RIG-LOCK-004',
      message: expect.stringMatching(message),
    });
  });
});

describe('files', () => {
  it('writes only what changed, and reads it back', async () => {
    const at = await mkdtemp(join(tmpdir(), 'rig-lock-'));
    const path = join(at, 'torchrig.lock');
    expect(await readLock(path)).toBeUndefined();
    expect(await writeLock(path, lock)).toBe(true);
    const before = (await stat(path)).mtimeMs;
    expect(await writeLock(path, lock)).toBe(false);
    expect((await stat(path)).mtimeMs).toBe(before);
    expect(formatLock((await readLock(path)) as Lock)).toBe(formatLock(lock));
    await expect(readLock(at)).rejects.toMatchObject({ code: 'RIG-LOCK-005' });
    await rm(at, { recursive: true });
  });
});
