import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { diffLocks } from './diffLocks.ts';
import { exportPylock } from './exportPylock.ts';
import type { Lock, LockedDeb, LockedWheel } from './lockfile.ts';
import { readPylock } from './pylock.ts';
import { makeUpgrade } from './upgrade.ts';
import { cleanExplanation } from './uvCompile.ts';
import { withoutHiddenSettings } from './uvVariables.ts';

const wheel = (name: string, version: string, size = 10): LockedWheel => ({
  name,
  version,
  file: `${name}-${version}-py3-none-any.whl`,
  size,
  sha256: `${name}${version}`,
});
const deb = (name: string, version: string): LockedDeb => ({
  name,
  version,
  arch: 'all',
  archive: 'debian',
  path: `pool/${name}.deb`,
  size: 1,
  sha256: `${name}${version}`,
});
const lock = (python: LockedWheel[], debian: LockedDeb[] = []): Lock => ({
  format: 1,
  platform: 'linux/amd64',
  epoch: 1,
  asked: {
    torch: null,
    cuda: 'auto',
    python: '3.11',
    packages: { python: [], debian: [] },
    base: 'debian:12',
  },
  plan: null,
  python,
  debian,
  image: null,
});

describe('diffLocks', () => {
  const before = lock([wheel('a', '1'), wheel('b', '1'), wheel('c', '1')], [deb('git', '1')]);
  it('names what was added, removed and changed, and what must be fetched', () => {
    const after = lock([wheel('b', '2', 7), wheel('c', '1'), wheel('d', '1', 5)], [deb('git', '1')]);
    expect(diffLocks(before, after)).toEqual({
      same: false,
      plan: [],
      debian: [],
      python: [
        { name: 'a', kind: 'removed', from: '1', to: undefined },
        { name: 'b', kind: 'changed', from: '1', to: '2' },
        { name: 'd', kind: 'added', from: undefined, to: '1' },
      ],
      newBytes: 12,
    });
  });
  it('sees another file of the same version', () => {
    const rebuilt = lock(
      [{ ...wheel('a', '1'), sha256: 'other' }, wheel('b', '1'), wheel('c', '1')],
      [deb('git', '1')],
    );
    expect(diffLocks(before, rebuilt).python).toEqual([{ name: 'a', kind: 'changed', from: '1', to: '1' }]);
  });
  it('sees that nothing changed, and that there was nothing', () => {
    expect(diffLocks(before, { ...before, epoch: 2 }).same).toBe(true);
    expect(diffLocks(undefined, before)).toMatchObject({ same: false, newBytes: 31 });
  });
  it('compares plans', () => {
    const plan = {
      torch: '2.7.1',
      triton: null,
      architectures: ['8.0', '9.0'],
      nvidia: { x: '1' },
    } as unknown as Lock['plan'];
    expect(diffLocks(before, { ...before, plan }).plan).toEqual([
      { key: 'architectures', from: null, to: '8.0 9.0' },
      { key: 'nvidia.x', from: null, to: '1' },
      { key: 'torch', from: null, to: '2.7.1' },
    ]);
  });
});

describe('makeUpgrade', () => {
  const before = lock([wheel('numpy', '1'), wheel('torch', '2')], [deb('git', '1')]);
  it('keeps all, nothing, or all but some', () => {
    expect(makeUpgrade(false, before).keep(before.python)).toHaveLength(2);
    expect(makeUpgrade(true, before).keep(before.python)).toEqual([]);
    const some = makeUpgrade(['NumPy'], before);
    expect(some).toMatchObject({ touchesPython: true, touchesDebian: false, touchesPlan: false });
    expect(some.keep(before.python).map((each) => each.name)).toEqual(['torch']);
    expect(makeUpgrade(['git'], before)).toMatchObject({ touchesPython: false, touchesDebian: true });
    expect(makeUpgrade(['torchvision'], before)).toMatchObject({ touchesPlan: true });
  });
  it('refuses names that are not there, with the nearest', () =>
    expect(() => makeUpgrade(['nunpy'], before)).toThrow(
      expect.objectContaining({ code: 'RIG-LOCK-040', hint: 'did you mean: rig lock --upgrade numpy' }),
    ));
});

describe('exportPylock', () => {
  it('is TOML that reads back, with paths and no address', () => {
    const text = exportPylock(lock([wheel('b', '1'), wheel('a', '2')]), { folder: 'files' });
    expect(parse(text)).toMatchObject({ 'lock-version': '1.0', 'requires-python': '==3.11.*' });
    expect(text).not.toContain('://');
    expect(readPylock(text)[0]).toMatchObject({
      name: 'a',
      version: '2',
      wheels: [{ file: 'a-2-py3-none-any.whl', where: 'files/a-2-py3-none-any.whl', size: 10, sha256: 'a2' }],
    });
  });
});

describe('what uv says and hears', () => {
  it('loses addresses and the words for its own caller', () => {
    const said =
      'error: No solution found\n  cause: Because (http://user:word@127.0.0.1:1/simple) x.\n         And y.\n\nhint: Wheels are required for `z` because (i.e., with `--no-build`)\n';
    expect(cleanExplanation(said)).toBe('No solution found Because ((address)) x. And y.');
  });
  it('is not changed by settings that nobody sees in torchrig.yaml', () => {
    const env = {
      UV_PRERELEASE: 'allow',
      UV_CONSTRAINT: 'x',
      UV_PYTHON: '3.9',
      UV_CACHE_DIR: '/c',
      UV_INDEX: 'i',
      PATH: '/bin',
    };
    expect(withoutHiddenSettings(env)).toEqual({ UV_CACHE_DIR: '/c', UV_INDEX: 'i', PATH: '/bin' });
  });
});
