import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { homeLayout } from '../kernel/index.ts';
import type { HomeLayout, RigError } from '../kernel/index.ts';
import { builtin } from './builtin.ts';
import { keepLearned } from './keepLearned.ts';
import { loadTables, tablesFile } from './loadTables.ts';
import type { CompatTables, Release } from './tables.ts';
import { revertTables, updateTables } from './updateTables.ts';

let root: string;
let home: HomeLayout;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rig-tables-'));
  home = homeLayout(root);
});
afterEach(() => rm(root, { recursive: true }));

const bytes = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
/** The built-in tables of a later day, without their newest release. */
const later = (date: string): CompatTables => ({ ...builtin, date, releases: builtin.releases.slice(0, -1) });
const learned: Release = {
  ...structuredClone(builtin.releases.at(-1) as Release),
  version: '2.16.0',
  status: 'read',
};

describe('updating the tables', () => {
  it('takes newer ones from a file into use, and gives them back', async () => {
    const file = join(root, 'new.json');
    await writeFile(file, bytes(later('2027-01-10')));
    expect(await updateTables({ from: file, home })).toEqual({
      date: '2027-01-10',
      before: builtin.date,
      added: [],
      removed: ['2.15.0'],
    });
    expect(await loadTables(home)).toMatchObject({
      origin: 'user',
      warnings: [],
      tables: { date: '2027-01-10' },
    });

    await updateTables({ from: bytes({ ...builtin, date: '2027-02-01' }), home });
    expect((await loadTables(home)).tables.date).toBe('2027-02-01');
    expect((await revertTables(home)).tables.date).toBe('2027-01-10');
    expect(await revertTables(home)).toMatchObject({ origin: 'builtin', tables: { date: builtin.date } });
    expect(await revertTables(home)).toMatchObject({ origin: 'builtin' });
  });

  it.each([
    ['half of it', bytes(builtin).subarray(0, 20_000), 'RIG-COMPAT-014'],
    ['something else', Buffer.from('<!DOCTYPE html>'), 'RIG-COMPAT-014'],
    ['half a table', bytes({ ...builtin, drivers: undefined }), 'RIG-COMPAT-015'],
    ['an unknown field', bytes({ ...builtin, extra: 1 }), 'RIG-COMPAT-015'],
    [
      'a contradiction',
      bytes({ ...builtin, releases: [...builtin.releases, builtin.releases[0]] }),
      'RIG-COMPAT-015',
    ],
    ['tables older than ours', bytes({ ...builtin, date: '2026-01-01' }), 'RIG-COMPAT-015'],
    ['a file that is not there', '/nowhere/tables.json', 'RIG-COMPAT-014'],
  ])('refuses %s and changes nothing', async (_what, from, code) => {
    await updateTables({ from: bytes(later('2027-01-10')), home });
    const before = await readFile(tablesFile(home), 'utf8');
    await expect(updateTables({ from, home })).rejects.toMatchObject({ code, exitCode: 2 });
    expect((await readFile(tablesFile(home), 'utf8')) === before).toBe(true);
    expect((await readdir(home.tables)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

it('names what is wrong with new tables in words for people, all of it that fits on a screen', async () => {
  const { drivers: _drivers, ...half } = builtin;
  const [first] = builtin.releases;
  const from = bytes({ ...half, colour: 'red', format: 9, releases: [{ ...first, triton: 3 }] });
  const { why } = (await updateTables({ from, home }).catch((error: unknown) => error)) as RigError;
  expect(why?.split('\n').map((line) => line.trim())).toEqual([
    'format: is 9, not 1',
    expect.stringMatching(/^releases\.0\.triton: is 3, not /),
    'drivers: is missing',
    'colour: is not a field of the tables',
  ]);
});

describe('loading the tables', () => {
  it.each([
    ['broken', '{"format":1,', 'tables-broken'],
    ['half', JSON.stringify({ ...builtin, gpus: undefined }), 'tables-broken'],
    ['older than ours', JSON.stringify({ ...builtin, date: '2026-01-01' }), 'tables-older'],
  ])('uses the built-in ones where the updated ones are %s, and warns', async (_what, text, id) => {
    await mkdir(home.tables, { recursive: true });
    await writeFile(tablesFile(home), text);
    const loaded = await loadTables(home);
    expect(loaded).toMatchObject({ origin: 'builtin', tables: { date: builtin.date }, warnings: [{ id }] });
  });

  it('adds learned releases in their order, and never over a reviewed row', async () => {
    await keepLearned(learned, home);
    await keepLearned({ ...learned, version: '2.7.1', torchvision: null }, home);
    const { tables, learned: added } = await loadTables(home);
    expect(added).toEqual(['2.16.0']);
    expect(tables.releases.map((row) => row.version).slice(-2)).toEqual(['2.15.0', '2.16.0']);
    expect(tables.releases.find((row) => row.version === '2.7.1')?.torchvision).toBe('0.22.1');
  });

  it('a broken file of learned rows is a warning', async () => {
    await mkdir(home.tables, { recursive: true });
    await writeFile(join(home.tables, 'learned.json'), '[{"version":"2.16.0"}]');
    expect(await loadTables(home)).toMatchObject({ learned: [], warnings: [{ id: 'learned-broken' }] });
  });
});
