import { describe, expect, it } from 'vitest';
import { coverage, cubinRuns } from './architectures.ts';

describe('machine code and GPUs', () => {
  it.each([
    ['8.0', '8.6', true],
    ['8.0', '8.9', true],
    ['8.6', '8.0', false],
    ['8.9', '8.6', false],
    ['9.0', '10.0', false],
    ['10.0', '10.3', true],
    ['10.0', '12.0', false],
    ['12.0', '12.1', true],
    ['5.0', '5.2', true],
    ['8.0', '8.7', false],
    ['8.7', '8.9', false],
    ['11.0', '11.0', true],
  ])('sm %s on %s: %s', (cubin, gpu, runs) => {
    expect(cubinRuns(cubin, gpu)).toBe(runs);
  });

  it('PTX runs on anything newer, machine code is preferred, the unknown stays unknown', () => {
    const build = { architectures: ['9.0', '10.0'], ptx: '10.0', glibc: '2.28', nvidia: {} };
    expect(coverage(build, '10.3')).toBe('cubin');
    expect(coverage(build, '12.0')).toBe('ptx');
    expect(coverage(build, '8.9')).toBe('none');
    expect(coverage({ ...build, architectures: null }, '9.0')).toBe('unknown');
  });
});
