import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { compareDebVersions } from '../../src/lock/debVersion.ts';

const hasDpkg = spawnSync('dpkg', ['--version']).status === 0;

/** A small generator with a fixed seed, so that a failure can be repeated (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const next = random(20261121);
const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
const PIECES = [
  '0',
  '1',
  '2',
  '9',
  '10',
  '08',
  '00',
  'a',
  'b',
  'Z',
  '.',
  '+',
  '~',
  '~~',
  '-',
  'rc',
  'dfsg',
  '~bpo',
];

function randomVersion(): string {
  const length = 1 + Math.floor(next() * 5);
  const body = Array.from({ length }, () => pick(PIECES)).join('');
  const epoch = next() < 0.2 ? `${pick(['0', '1', '2', '02'])}:` : '';
  const revision = next() < 0.5 ? `-${pick(['0', '1', '1+b1', '2~deb12u1', '14+deb12u1'])}` : '';
  // an empty revision is not a version, dpkg says
  return `${epoch}${pick(['0', '1', '2', '3'])}${body}`.replace(/-+$/, '') + revision;
}

/** Versions of the packages that are installed here, each beside a changed one of itself. */
function realPairs(): [string, string][] {
  const listed = spawnSync('dpkg-query', ['-W', '-f', '${Version}\n'], { encoding: 'utf8' }).stdout;
  const versions = [...new Set(listed.split('\n').filter(Boolean))];
  return versions.flatMap((version): [string, string][] => [
    [version, `${version}+b1`],
    [version, version.replace(/\d+/, (digits) => `${Number(digits) + 1}`)],
    [version, pick(versions)],
  ]);
}

/** dpkg's own answers for all pairs, by one shell. */
function askDpkg(pairs: readonly [string, string][]): number[] {
  const script =
    'while read -r a b; do if dpkg --compare-versions "$a" lt "$b"; then echo -1; elif dpkg --compare-versions "$a" eq "$b"; then echo 0; else echo 1; fi; done';
  const input = pairs.map((pair) => pair.join(' ')).join('\n');
  const result = spawnSync('sh', ['-c', script], {
    input: `${input}\n`,
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  return result.stdout.trim().split('\n').map(Number);
}

describe.skipIf(!hasDpkg)(
  'Debian versions against dpkg --compare-versions (skipped where there is no dpkg)',
  () => {
    it('agree on thousands of random and real pairs', () => {
      const pairs: [string, string][] = [
        ...Array.from({ length: 2000 }, (): [string, string] => [randomVersion(), randomVersion()]),
        ...realPairs().slice(0, 600),
      ];
      const answers = askDpkg(pairs);
      expect(answers).toHaveLength(pairs.length);
      const wrong = pairs.filter(([a, b], index) => compareDebVersions(a, b) !== answers[index]);
      expect(wrong).toEqual([]);
    });
  },
);
