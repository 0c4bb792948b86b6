import { describe, expect, it } from 'vitest';
import { chooseWheel, rankTags, rankWheel } from './wheelTags.ts';

const ranks = rankTags({ python: '3.11', platform: 'linux/amd64', glibc: '2.36' });
const choose = (...files: string[]): string | undefined =>
  chooseWheel(
    files.map((file) => ({ file })),
    ranks,
  )?.file;

describe('chooseWheel', () => {
  it.each<[string, string[], string | undefined]>([
    [
      'the newest manylinux that the image can load',
      [
        'a-1-cp311-cp311-manylinux_2_17_x86_64.whl',
        'a-1-cp311-cp311-manylinux_2_28_x86_64.whl',
        'a-1-cp311-cp311-manylinux_2_39_x86_64.whl',
      ],
      'a-1-cp311-cp311-manylinux_2_28_x86_64.whl',
    ],
    [
      'its own ABI before the stable one, that before none',
      [
        'a-1-py3-none-any.whl',
        'a-1-cp39-abi3-manylinux_2_17_x86_64.whl',
        'a-1-cp311-cp311-manylinux_2_5_x86_64.whl',
      ],
      'a-1-cp311-cp311-manylinux_2_5_x86_64.whl',
    ],
    [
      'a platform before any',
      ['a-1-py3-none-any.whl', 'a-1-py3-none-manylinux2014_x86_64.whl'],
      'a-1-py3-none-manylinux2014_x86_64.whl',
    ],
    ['several tags in one name', ['a-1-py2.py3-none-any.whl'], 'a-1-py2.py3-none-any.whl'],
    [
      'the highest build, as a number',
      ['a-1-2-py3-none-any.whl', 'a-1-10-py3-none-any.whl', 'a-1-py3-none-any.whl'],
      'a-1-10-py3-none-any.whl',
    ],
    [
      'nothing of another Python, platform or free threading',
      [
        'a-1-cp312-cp312-manylinux_2_17_x86_64.whl',
        'a-1-cp311-cp311-win_amd64.whl',
        'a-1-cp311-cp311-manylinux_2_17_aarch64.whl',
        'a-1-cp311-cp311-musllinux_1_2_x86_64.whl',
        'a-1-cp313-cp313t-manylinux_2_28_x86_64.whl',
        'a-1-cp312-abi3-manylinux_2_28_x86_64.whl',
      ],
      undefined,
    ],
    ['nothing of what is no wheel', ['a-1.tar.gz', 'a.whl'], undefined],
  ])('%s', (_what, files, expected) => {
    expect(choose(...files)).toBe(expected);
    expect(choose(...[...files].reverse())).toBe(expected);
  });
});

describe('rankTags', () => {
  it('knows arm', () => {
    const arm = rankTags({ python: '3.12', platform: 'linux/arm64', glibc: '2.28' });
    expect(rankWheel('a-1-cp312-cp312-manylinux_2_28_aarch64.whl', arm)).toBe(0);
    expect(rankWheel('a-1-cp312-cp312-manylinux1_aarch64.whl', arm)).toBeUndefined();
  });
});
