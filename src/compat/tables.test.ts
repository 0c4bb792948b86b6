import { describe, expect, it } from 'vitest';
import { builtin } from './builtin.ts';
import { tableProblems } from './checkTables.ts';
import type { CompatTables } from './tables.ts';

const changed = (change: (tables: CompatTables) => void): unknown => {
  const copy = structuredClone(builtin);
  change(copy);
  return copy;
};
const release = (tables: CompatTables, version: string): CompatTables['releases'][number] => {
  const found = tables.releases.find((row) => row.version === version);
  if (!found) throw new Error(`no torch ${version}`);
  return found;
};

describe('the built-in tables', () => {
  it('fit their schema and do not contradict themselves', () => {
    expect(tableProblems(builtin)).toEqual([]);
  });

  it('name a source for every row and a day', () => {
    expect(builtin.date).toMatch(/^2026-\d\d-\d\d$/);
    expect(Object.values(builtin.sources).every((text) => text.length > 10)).toBe(true);
    expect(builtin.releases).toHaveLength(28);
    expect(builtin.issues.every((issue) => issue.links.length + issue.sources.length > 0)).toBe(true);
  });

  it('pair every release with its own torchvision and torchaudio', () => {
    const audio = builtin.releases.map((row) => [row.version, row.torchaudio]);
    const expected = builtin.releases.map(({ version }) => {
      const minor = Number(version.split('.')[1]);
      if (minor === 0) return [version, version === '2.0.0' ? '2.0.1' : '2.0.2'];
      return [version, minor <= 11 ? version : null];
    });
    expect(audio).toEqual(expected);
    expect(builtin.releases.filter((row) => row.torchvision === null)).toEqual([]);
  });

  it('carry the exact requirements of every index-default CUDA wheel', () => {
    const unread = builtin.releases.filter((row) => {
      const build = row.variants[row.indexDefault['linux/amd64'] ?? '']?.builds['linux/amd64'];
      return (
        build?.read === undefined ||
        !Object.keys(build.nvidia).some((name) => name.startsWith('nvidia-cudnn'))
      );
    });
    expect(unread).toEqual([]);
  });

  it('name no registry', () => {
    expect(JSON.stringify(builtin)).not.toMatch(/download\.|PyPI/);
  });
});

describe('bad tables', () => {
  it.each([
    ['half a table', changed((t) => Reflect.deleteProperty(t, 'drivers')), /^drivers/],
    ['no releases', changed((t) => t.releases.splice(0)), /^releases: is empty/],
    [
      'an unknown field',
      changed((t) => Object.assign(release(t, '2.7.1'), { rocm: '6.3' })),
      /^releases\.16\.rocm/,
    ],
    ['another format', changed((t) => Object.assign(t, { format: 2 })), /^format/],
    [
      'a number for a version',
      changed((t) => Object.assign(release(t, '2.7.1'), { torchvision: 0.22 })),
      /torchvision/,
    ],
    ['nothing at all', null, /^\(the whole\)/],
    ['a list', [], /./],
  ])('%s is found by its shape', (_what, document, first) => {
    expect(tableProblems(document)[0]).toMatch(first);
  });

  it.each([
    [
      'a default without a build',
      (t: CompatTables) => void (release(t, '2.7.1').indexDefault['linux/arm64'] = 'cu118'),
      /no build there/,
    ],
    [
      'a variant of another CUDA',
      (t: CompatTables) => Object.assign(release(t, '2.7.1').variants['cu126'] ?? {}, { cuda: '12.8.0' }),
      /its CUDA is 12\.8\.0/,
    ],
    [
      'a cuDNN that the wheel does not pin',
      (t: CompatTables) => Object.assign(release(t, '2.7.1').variants['cu126'] ?? {}, { cudnn: '8.9.2.26' }),
      /the wheel pins 9\.5\.1\.17/,
    ],
    [
      'architectures that CUDA cannot build',
      (t: CompatTables) =>
        void release(t, '2.15.0').variants['cu132']?.builds['linux/amd64']?.architectures?.unshift('7.0'),
      /cannot build for 7\.0/,
    ],
    [
      'the same release twice',
      (t: CompatTables) => void t.releases.push(release(t, '2.15.0')),
      /2\.15\.0 is there twice/,
    ],
    [
      'a release without its pair',
      (t: CompatTables) => void (release(t, '2.7.1').torchvision = null),
      /torch 2\.7\.1: no torchvision/,
    ],
    [
      'a source that is not listed',
      (t: CompatTables) => void t.gpus[0]?.sources.push('rumour'),
      /"rumour" is not listed/,
    ],
    [
      'a newer driver with an older CUDA',
      (t: CompatTables) => Object.assign(t.drivers.branches.at(-1) ?? {}, { cuda: '12.0' }),
      /older CUDA/,
    ],
    [
      'a CUDA without driver floor',
      (t: CompatTables) => void t.drivers.floors.pop(),
      /no driver floor for CUDA 13/,
    ],
  ])('%s is found as a contradiction', (_what, change, expected) => {
    expect(tableProblems(changed((tables) => void change(tables))).join('\n')).toMatch(expected);
  });
});
