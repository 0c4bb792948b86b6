import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { finding, findingsPage, orderFindings, verdictOf } from './finding.ts';

const text = { title: 't', evidence: 'e', remedy: null };

describe('findings', () => {
  it('are ordered by what blocks first, keeping the order of the checks', () => {
    const found = [
      finding('mig', 'info', text),
      finding('xid', 'warn', text),
      finding('gpu-ecc', 'fail', text),
    ];
    const more = [...found, finding('shm-small', 'warn', text)];
    expect(orderFindings(more).map(({ id }) => id)).toEqual(['gpu-ecc', 'xid', 'shm-small', 'mig']);
    expect([verdictOf(more), verdictOf(found.slice(0, 2)), verdictOf(found.slice(0, 1))]).toEqual([
      'fail',
      'warn',
      'ok',
    ]);
  });

  it('are all explained in docs/doctor.md, which is made from the catalogue', async () => {
    const page = await readFile(new URL('../../docs/doctor.md', import.meta.url), 'utf8');
    expect(page).toBe(findingsPage());
  });
});
