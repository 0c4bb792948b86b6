import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { rankTags } from '../../src/lock/wheelTags.ts';

const hasPip = spawnSync('python3', ['-c', 'from pip._vendor.packaging import tags']).status === 0;

// pip's own order for CPython 3.11 on a given list of platforms
const SCRIPT = `
import sys
from pip._vendor.packaging import tags
platforms = sys.argv[1].split(",")
made = list(tags.cpython_tags((3, 11), ["cp311"], platforms)) + list(tags.compatible_tags((3, 11), "cp311", platforms))
print("\\n".join(str(tag) for tag in made))
`;

describe.skipIf(!hasPip)("the order of wheel tags against pip's (skipped where python3 has no pip)", () => {
  it.each([
    ['linux/amd64', 'x86_64', 5],
    ['linux/arm64', 'aarch64', 17],
  ] as const)('%s', (platform, machine, lowest) => {
    const legacy: Record<number, string> = { 17: 'manylinux2014', 12: 'manylinux2010', 5: 'manylinux1' };
    const platforms: string[] = [];
    for (let minor = 36; minor >= lowest; minor -= 1)
      platforms.push(
        `manylinux_2_${minor}_${machine}`,
        ...(legacy[minor] ? [`${legacy[minor]}_${machine}`] : []),
      );
    platforms.push(`linux_${machine}`);
    const result = spawnSync('python3', ['-c', SCRIPT, platforms.join(',')], { encoding: 'utf8' });
    const theirs = [...new Set(result.stdout.trim().split('\n'))];
    const ours = [...rankTags({ python: '3.11', platform, glibc: '2.36' }).keys()];
    expect(theirs.length).toBeGreaterThan(500);
    expect(ours).toEqual(theirs);
  });
});
