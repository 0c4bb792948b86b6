import { describe, expect, it } from 'vitest';
import { compareDebVersions, satisfiesDebRelation } from './debVersion.ts';

// Each row is a < b; tests/lock/debVersion.test.ts asks dpkg about thousands of pairs.
const ordered: [string, string][] = [
  ['1.0~rc1', '1.0'],
  ['1.0~~', '1.0~'],
  ['1.0~~a', '1.0~'],
  ['1.0', '1.0a'],
  ['1.0a', '1.0+'],
  ['1.0+dfsg', '1.0.1'],
  ['1.9', '1.10'],
  ['9', '1:1'],
  ['2:7', '10:1'],
  ['1.0-1', '1.0-1+b1'],
  ['1.0-1~bpo12+1', '1.0-1'],
  ['5.2.15-2', '5.2.15-2+b13'],
  ['1.0-1', '1.0-1.1'],
  ['12.2.0-14', '12.2.0-14+deb12u1'],
  ['1.0', '1.0-0.1'],
  ['99999999999999999999', '100000000000000000000'],
];
const equal: [string, string][] = [
  ['1.0', '1.0-0'],
  ['2:8', '2:08'],
  ['0:1.0', '1.0'],
  ['1.00', '1.0'],
];

describe('compareDebVersions', () => {
  it.each(ordered)('%s < %s', (a, b) => {
    expect(compareDebVersions(a, b)).toBe(-1);
    expect(compareDebVersions(b, a)).toBe(1);
  });
  it.each(equal)('%s = %s', (a, b) => expect(Math.abs(compareDebVersions(a, b))).toBe(0));
});

describe('satisfiesDebRelation', () => {
  it.each([
    ['<<', [true, false, false]],
    ['<=', [true, true, false]],
    ['=', [false, true, false]],
    ['>=', [false, true, true]],
    ['>>', [false, false, true]],
  ] as const)('%s', (relation, answers) => {
    expect(['1', '2', '3'].map((version) => satisfiesDebRelation(version, relation, '2'))).toEqual(answers);
  });
});
