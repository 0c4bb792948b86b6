import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { servedHere } from '../../src/cli/flows/solving.ts';
import { loadTables } from '../../src/compat/index.ts';
import { homeLayout } from '../../src/kernel/index.ts';
import type { RigError } from '../../src/kernel/index.ts';
import { findOutdated, makeLock } from '../../src/lock/index.ts';
import type { MakeLockOptions, OutdatedPackages } from '../../src/lock/index.ts';
import { findUv, pythonIndex } from '../../src/sources/index.ts';
import { basePackages, loadSpec } from '../../src/spec/index.ts';
import { createHttp, openStore } from '../../src/store/index.ts';
import { makeFakeArchive } from './fakeArchive.ts';
import type { FakeArchive, FakePackages } from './fakeArchive.ts';
import { startFakeIndex } from './fakeIndex.ts';
import type { FakeIndex, FakeRelease } from './fakeIndex.ts';

const DAY_ONE = 'Sat, 11 Oct 2025 08:00:00 UTC';
const DAY_NINE = 'Sun, 19 Oct 2025 08:00:00 UTC';
const BASE: FakePackages = Object.fromEntries(basePackages('debian:12').map((name) => [name, '']));
const OLD: FakeRelease[] = [
  { name: 'app', version: '1.0', needs: ['part<2'] },
  { name: 'part', version: '1.0' },
  { name: 'capped', version: '1.0' },
  { name: 'steady', version: '1.0' },
];
const NEW: FakeRelease[] = [
  { name: 'app', version: '1.1', needs: ['part<2'] },
  { name: 'app', version: '2.0rc1' },
  { name: 'part', version: '1.5' },
  { name: 'part', version: '2.0' },
  { name: 'capped', version: '3.0' },
  { name: 'steady', version: '1.1', yanked: true },
  { name: 'steady', version: '1.2', requiresPython: '>=3.12' },
  { name: 'steady', version: '1.3', tags: ['cp311-cp311-win_amd64'] },
];

let at: string;
let uv: string;
let archive: FakeArchive;
const http = createHttp({ retries: 0 });
const open: FakeIndex[] = [];

beforeAll(async () => {
  at = await mkdtemp(join(tmpdir(), 'rig-outdated-'));
  uv = (await findUv(process.env, homeLayout(join(at, 'tools')))).path;
  archive = await makeFakeArchive(join(at, 'archive'));
});
afterAll(async () => {
  await http.close();
  await rm(at, { recursive: true, force: true });
});
afterEach(async () => {
  for (const index of open.splice(0)) await index.close();
});

/** Where packages come from, and a folder whose torchrig.yaml asks for all of the old releases. */
async function optionsFor(url: string, packages: string[]): Promise<MakeLockOptions> {
  const folder = await mkdtemp(join(at, 'spec-'));
  const yaml = ['preset: none', 'packages:', `  python: ${JSON.stringify(packages)}`, '  debian: [git]'];
  await writeFile(join(folder, 'torchrig.yaml'), yaml.join('\n'));
  const home = homeLayout(join(folder, 'home'));
  const python = {
    indexUrl: url,
    extraIndexUrls: [],
    findLinks: [],
    cert: undefined,
    trustedHosts: [],
    proxy: undefined,
    origin: 'pip' as const,
  };
  return {
    spec: (await loadSpec({ folder })).spec,
    plan: () => ({ plan: null }),
    sources: {
      python: () => Promise.resolve(python),
      debian: () => Promise.resolve(archive.sources),
      uv: () => Promise.resolve(uv),
    },
    http,
    store: openStore(home, { http }),
    home,
    env: { PATH: process.env['PATH'], HOME: folder, UV_HTTP_RETRIES: '0' },
  };
}

async function indexOf(releases: FakeRelease[]): Promise<FakeIndex> {
  const index = await startFakeIndex(releases);
  open.push(index);
  return index;
}

async function lookAgain(
  options: MakeLockOptions,
  lock: Parameters<typeof findOutdated>[0]['lock'],
  url: string,
): Promise<OutdatedPackages> {
  const sources = { ...(await options.sources.python()), indexUrl: url };
  return findOutdated({
    ...options,
    sources: { ...options.sources, python: () => Promise.resolve(sources) },
    lock,
    index: pythonIndex(sources, http),
    now: Date.parse(DAY_NINE),
  });
}

const ASKED = ['app', 'capped<2', 'steady'];

describe('what of a lock is outdated', () => {
  it('is what an upgrade would take and the newest served, with security updates first and nothing written', async () => {
    await archive.publish({ ...BASE, git: '', 'libold=1.0': '', 'git=2.0': 'libold' }, DAY_ONE);
    const first = await indexOf(OLD);
    const options = await optionsFor(first.url, ASKED);
    const { lock } = await makeLock(options);
    await archive.publish({ ...BASE, git: '', 'libold=1.0': '', 'git=2.1': 'libold' }, DAY_NINE, {
      'libold=1.0-1+fix': '',
    });
    const next = await indexOf([...OLD, ...NEW]);
    const before = await readdir(join(options.home.root, '..'));
    const found = await lookAgain(options, lock, next.url);
    expect(await readdir(join(options.home.root, '..'))).toEqual(before);
    const rows = found.packages.map(({ name, group, locked, wanted, latest, heldBy }) => [
      name,
      group,
      locked,
      wanted,
      latest,
      heldBy,
    ]);
    expect(rows).toEqual([
      ['libold', 'security', '1.0', '1.0-1+fix', '1.0-1+fix', null],
      ['app', 'other', '1.0', '1.1', '1.1', null],
      ['capped', 'other', '1.0', '1.0', '3.0', 'capped<2'],
      ['part', 'other', '1.0', '1.5', '2.0', null],
      ['git', 'other', '2.0', '2.1', '2.1', null],
    ]);
    expect(found).toMatchObject({
      looked: { python: 4 },
      problem: null,
      stale: false,
      date: '2025-10-11',
      ageDays: 8,
    });
    // The truth of "wanted": what the upgrade then takes.
    const upgraded = await makeLock({
      ...options,
      sources: {
        ...options.sources,
        python: async () => ({ ...(await options.sources.python()), indexUrl: next.url }),
      },
      previous: lock,
      upgrade: true,
    });
    for (const { kind, name, wanted } of found.packages)
      expect(upgraded.lock[kind].find((each) => each.name === name)?.version).toBe(wanted);
  });

  it('says why an upgrade would fail, and still what is served', async () => {
    await archive.publish({ ...BASE, git: '' }, DAY_ONE);
    const options = await optionsFor((await indexOf(OLD)).url, ASKED);
    const { lock } = await makeLock(options);
    const without = [...OLD, ...NEW].filter(({ name, version }) => !(name === 'capped' && version < '2'));
    const found = await lookAgain(options, lock, (await indexOf(without)).url);
    expect(found.problem).toMatchObject({ code: 'RIG-LOCK-032' });
    expect(found.problem?.why).toContain('capped');
    expect(found.packages.find(({ name }) => name === 'app')).toMatchObject({ wanted: null, latest: '1.1' });
  });

  it('is not known without its source: exit code 4', async () => {
    await archive.publish({ ...BASE, git: '' }, DAY_ONE);
    const index = await indexOf(OLD);
    const options = await optionsFor(index.url, ASKED);
    const { lock } = await makeLock(options);
    await index.close();
    open.pop();
    const error = await lookAgain(options, lock, index.url).catch((problem: unknown) => problem as RigError);
    expect(error).toMatchObject({ exitCode: 4 });
  });
});

it('a new torch whose wheel cannot be read is named and left out, and the others are served as ever', async () => {
  const tags = ['cp311-cp311-manylinux_2_28_x86_64'];
  const { url } = await indexOf([
    { name: 'torch', version: '2.7.1', tags },
    { name: 'torch', version: '99.0.0', tags },
  ]);
  const options = await optionsFor(url, []);
  const said: string[] = [];
  const here = await servedHere(
    { env: { TORCHRIG_HOME: options.home.root }, progress: (event) => said.push(JSON.stringify(event)) },
    { index: pythonIndex(await options.sources.python(), http), http },
    { host: { platform: 'linux/amd64', gpus: [] }, tables: (await loadTables()).tables },
  );
  expect([...here.served]).toEqual([['2.7.1', new Set(['cu126'])]]);
  expect(here.unread.map(({ version }) => version)).toEqual(['99.0.0']);
  expect(said.join()).toContain('torch 99.0.0 is left out');
});
