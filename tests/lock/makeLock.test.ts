import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/compat/index.ts';
import { homeLayout } from '../../src/kernel/index.ts';
import type { RigError } from '../../src/kernel/index.ts';
import { checkLock, formatLock, isStale, makeLock } from '../../src/lock/index.ts';
import type { Lock, MakeLockOptions } from '../../src/lock/index.ts';
import { findUv } from '../../src/sources/index.ts';
import { basePackages, loadSpec } from '../../src/spec/index.ts';
import { createHttp, openStore } from '../../src/store/index.ts';
import { makeFakeArchive } from './fakeArchive.ts';
import type { FakeArchive } from './fakeArchive.ts';
import { startFakeIndex } from './fakeIndex.ts';
import type { FakeIndex, FakeRelease } from './fakeIndex.ts';

const DAY_ONE = 'Sat, 21 Nov 2026 08:00:00 UTC';
const DAY_TWO = 'Sun, 22 Nov 2026 08:00:00 UTC';
const base = Object.fromEntries(basePackages('debian:12').map((name) => [name, '']));

const PLAIN: FakeRelease[] = [
  { name: 'left', version: '1.0', needs: ['right>=1'] },
  { name: 'left', version: '2.0', needs: ['right>=1'] },
  { name: 'right', version: '1.5' },
  {
    name: 'native',
    version: '1.0',
    tags: [
      'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64',
      'cp311-cp311-manylinux_2_28_x86_64',
      'cp311-cp311-manylinux_2_39_x86_64',
      'cp312-cp312-manylinux_2_28_x86_64',
      'cp311-cp311-macosx_11_0_arm64',
      'py3-none-any',
    ],
  },
  { name: 'source', version: '1.0', sourceOnly: true },
  { name: 'fussy', version: '1.0', needs: ['right<1'] },
  { name: 'weak', version: '1.0', weakHash: true },
];

const TORCH: FakeRelease[] = [
  { name: 'torch', version: '2.7.1', needs: ['nvidia-nccl-cu12==2.26.2', 'triton==3.3.1'] },
  { name: 'torch', version: '2.7.1+cu118', needs: ['nvidia-nccl-cu11==2.21.5', 'triton==3.3.1'] },
  { name: 'torchvision', version: '0.22.1', needs: ['torch==2.7.1'] },
  { name: 'torchvision', version: '0.22.1+cu118', needs: ['torch==2.7.1'] },
  { name: 'torchaudio', version: '2.7.1', needs: ['torch==2.7.1'] },
  { name: 'torchaudio', version: '2.7.1+cu118', needs: ['torch==2.7.1'] },
  { name: 'torchaudio', version: '2.11.0' },
  { name: 'triton', version: '3.3.1' },
  { name: 'triton', version: '3.9.0' },
  { name: 'nvidia-nccl-cu12', version: '2.26.2' },
  { name: 'nvidia-nccl-cu12', version: '2.30.0' },
  { name: 'nvidia-nccl-cu11', version: '2.21.5' },
];

const PLAN: Plan = {
  torch: '2.7.1',
  torchvision: '0.22.1',
  torchaudio: '2.7.1',
  triton: '3.3.1',
  variant: 'cu126',
  cuda: '12.6.3',
  cudnn: '9.5.1.17',
  nccl: '2.26.2',
  python: '3.11',
  platform: 'linux/amd64',
  driverFloor: '525.60.13',
  architectures: ['9.0'],
  ptx: null,
  glibc: '2.28',
  nvidia: { 'nvidia-nccl-cu12': '2.26.2' },
};

let at: string;
let uv: string;
let archive: FakeArchive;
const open: FakeIndex[] = [];

beforeAll(async () => {
  at = await mkdtemp(join(tmpdir(), 'rig-make-lock-'));
  uv = (await findUv(process.env, homeLayout(join(at, 'tools')))).path;
  archive = await makeFakeArchive(join(at, 'archive'));
  await archive.publish({ ...base, git: '' }, DAY_ONE);
});
afterAll(() => rm(at, { recursive: true, force: true }));
afterEach(async () => {
  for (const index of open.splice(0)) await index.close();
});

async function startIndex(
  releases: FakeRelease[],
  options?: { login?: string; delay?: number },
): Promise<FakeIndex> {
  const index = await startFakeIndex(releases, options);
  open.push(index);
  return index;
}

interface Ask {
  /** Lines of torchrig.yaml. */
  yaml: string[];
  /** Index address, credentials included. */
  url: string;
  /** Further indexes, as pip's extra-index-url. */
  extra?: string[];
  previous?: Lock;
  upgrade?: boolean | string[];
  plan?: Plan;
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
  said?: string[];
}

const http = createHttp({ retries: 0 });

async function optionsFor(ask: Ask): Promise<MakeLockOptions> {
  const folder = await mkdtemp(join(at, 'spec-'));
  await writeFile(join(folder, 'torchrig.yaml'), ['preset: none', ...ask.yaml].join('\n'));
  const { spec } = await loadSpec({ folder });
  const home = homeLayout(join(folder, 'home'));
  return {
    spec,
    plan: () => ({ plan: ask.plan ?? null }),
    sources: {
      python: () =>
        Promise.resolve({
          indexUrl: ask.url,
          extraIndexUrls: ask.extra ?? [],
          findLinks: [],
          cert: undefined,
          trustedHosts: [],
          proxy: undefined,
          origin: 'pip',
        }),
      debian: () => Promise.resolve(archive.sources),
      uv: () => Promise.resolve(uv),
    },
    http,
    store: openStore(home, { http }),
    home,
    env: { PATH: process.env['PATH'], HOME: folder, UV_HTTP_RETRIES: '0', ...ask.env },
    progress: (event) => ask.said?.push(JSON.stringify(event)),
    ...(ask.previous ? { previous: ask.previous } : {}),
    ...(ask.upgrade === undefined ? {} : { upgrade: ask.upgrade }),
    ...(ask.signal ? { signal: ask.signal } : {}),
  };
}

const make = async (ask: Ask): Promise<Lock> => (await makeLock(await optionsFor(ask))).lock;
const versions = (lock: Lock): string[] => lock.python.map((each) => `${each.name} ${each.version}`);
const python = (...list: string[]): string[] => [
  'packages:',
  `  python: [${list.map((each) => JSON.stringify(each)).join(', ')}]`,
];

const gitVersion = (lock: Lock): string | undefined =>
  lock.debian.find((each) => each.name === 'git')?.version;

async function refusal(ask: Ask): Promise<RigError> {
  return make(ask).then(
    () => {
      throw new Error('was locked');
    },
    (error: RigError) => error,
  );
}

describe('makeLock', () => {
  it('locks both parts: one wheel a package, the same bytes each time', async () => {
    const index = await startIndex(PLAIN);
    const ask = { yaml: [...python('left', 'native'), '  debian: [git]'], url: index.url };
    const lock = await make(ask);
    expect(versions(lock)).toEqual(['left 2.0', 'native 1.0', 'right 1.5']);
    const file = 'native-1.0-cp311-cp311-manylinux_2_28_x86_64.whl';
    expect(lock.python[1]).toEqual({
      name: 'native',
      version: '1.0',
      file,
      size: `content of ${file}`.length,
      sha256: index.sha256(file),
    });
    expect(lock.debian.map((each) => each.name)).toEqual([...Object.keys(base), 'git'].sort());
    expect(lock.epoch).toBe(Date.parse(DAY_ONE) / 1000);
    expect(formatLock(await make(ask))).toBe(formatLock(lock));
  });

  it('keeps what was pinned, asks nothing when nothing changed, and upgrades by name', async () => {
    const before = await startIndex(PLAIN.filter((each) => each.version !== '2.0'));
    const yaml = python('left');
    const old = await make({ yaml, url: before.url });
    expect(versions(old)).toEqual(['left 1.0', 'right 1.5']);

    const newer = [...PLAIN, { name: 'right', version: '3.0' }];
    const quiet = await startIndex(newer);
    expect(formatLock(await make({ yaml, url: quiet.url, previous: old }))).toBe(formatLock(old));
    expect(quiet.asked).toEqual([]);

    const more = await make({ yaml: python('left', 'native'), url: quiet.url, previous: old });
    expect(versions(more)).toEqual(['left 1.0', 'native 1.0', 'right 1.5']);
    const one = await make({ yaml, url: quiet.url, previous: old, upgrade: ['left'] });
    expect(versions(one)).toEqual(['left 2.0', 'right 1.5']);
    const all = await make({ yaml, url: quiet.url, previous: old, upgrade: true });
    expect(versions(all)).toEqual(['left 2.0', 'right 3.0']);
    const error = await refusal({ yaml, url: quiet.url, previous: old, upgrade: ['lefd'] });
    expect(error).toMatchObject({ code: 'RIG-LOCK-040', hint: 'did you mean: rig lock --upgrade left' });
  });

  it('keeps Debian packages while the mirror has them, and the epoch and image while nothing changed', async () => {
    const index = await startIndex(PLAIN);
    const ask = { yaml: ['packages: {debian: [git]}'], url: index.url };
    const image = `sha256:${'e'.repeat(64)}` as const;
    const old: Lock = { ...(await make(ask)), image };
    try {
      await archive.publish({ ...base, git: '', 'git=2': '' }, DAY_TWO);
      expect(await make({ ...ask, previous: old })).toEqual(old);
      const upgraded = await make({ ...ask, previous: old, upgrade: ['git'] });
      expect(gitVersion(upgraded)).toBe('2');
      expect(upgraded).toMatchObject({ epoch: Date.parse(DAY_TWO) / 1000, image: null });

      await archive.publish({ ...base, 'git=2': '' }, DAY_TWO);
      const check = await checkLock({ ...(await optionsFor(ask)), previous: old });
      expect(check).toMatchObject({ upToDate: false, stale: false });
      expect(check.changes.debian).toEqual([{ name: 'git', kind: 'changed', from: '1', to: '2' }]);
    } finally {
      await archive.publish({ ...base, git: '' }, DAY_ONE);
    }
  });

  it('says offline whether a lock is stale', async () => {
    const index = await startIndex(PLAIN);
    const options = await optionsFor({ yaml: python('left'), url: index.url });
    const { lock } = await makeLock(options);
    await index.close();
    expect(await isStale(lock, options.spec)).toBe(false);
    const other = await optionsFor({ yaml: python('left<2'), url: index.url });
    expect(await isStale(lock, other.spec)).toBe(true);
  });
});

describe('several indexes', () => {
  it('are looked at together, as pip does: the best wheel of the highest version', async () => {
    const main = await startIndex(PLAIN);
    const extra = await startIndex([
      { name: 'native', version: '1.0', tags: ['py311-none-any'] },
      { name: 'right', version: '9.0' },
    ]);
    const lock = await make({ yaml: python('left', 'native'), url: main.url, extra: [extra.url] });
    expect(versions(lock)).toEqual(['left 2.0', 'native 1.0', 'right 9.0']);
    expect(lock.python[1]?.file).toBe('native-1.0-cp311-cp311-manylinux_2_28_x86_64.whl');
  });
});

describe('private indexes', () => {
  it('are asked with their credentials, which appear nowhere', async () => {
    const index = await startIndex(PLAIN, { login: 'reader:s3cret-word' });
    const said: string[] = [];
    const lock = await make({
      yaml: python('left'),
      url: index.url.replace('//', '//reader:s3cret-word@'),
      said,
    });
    expect(versions(lock)).toEqual(['left 2.0', 'right 1.5']);
    expect(formatLock(lock) + said.join('')).not.toMatch(/s3cret|reader|127\.0\.0\.1/);
  });
  it('that refuse are an error without them', async () => {
    const index = await startIndex(PLAIN, { login: 'reader:other' });
    const error = await refusal({
      yaml: python('left'),
      url: index.url.replace('//', '//reader:s3cret-word@'),
    });
    expect(error).toMatchObject({ exitCode: 4 });
    expect(`${error.message} ${error.why} ${error.hint} ${JSON.stringify(error.details)}`).not.toMatch(
      /s3cret|reader/,
    );
  });
});

describe('refusals', () => {
  it.each([
    ['requirements that contradict each other', python('left', 'fussy'), 'RIG-LOCK-032', /fussy.*right<1/],
    ['a package without wheels', python('source'), 'RIG-LOCK-033', /source/],
    ['a package that nobody has', python('no-such-thing'), 'RIG-LOCK-032', /no-such-thing/],
    ['an index without sha256', python('weak'), 'RIG-LOCK-037', /hash/],
  ])('%s', async (_what, yaml, code, why) => {
    const index = await startIndex(PLAIN);
    const error = await refusal({ yaml, url: index.url });
    expect(error.code).toBe(code);
    expect(`${error.message}: ${error.why}`).toMatch(why);
    expect(`${error.message}: ${error.why}`).not.toMatch(/127\.0\.0\.1|http:/);
  });

  it('an index that does not answer in time', async () => {
    const index = await startIndex(PLAIN, { delay: 60_000 });
    const error = await refusal({ yaml: python('left'), url: index.url, env: { UV_HTTP_TIMEOUT: '1' } });
    expect(error).toMatchObject({ code: 'RIG-LOCK-034', exitCode: 4 });
  });

  it('a cancelled lock ends at once', async () => {
    const index = await startIndex(PLAIN, { delay: 60_000 });
    const stop = new AbortController();
    const started = Date.now();
    setTimeout(() => stop.abort(), 300);
    const error = await refusal({ yaml: python('left'), url: index.url, signal: stop.signal });
    expect(error.name).toBe('AbortError');
    expect(Date.now() - started).toBeLessThan(10_000);
  });
});

describe('the aligned set', () => {
  const yaml = ['torch: "2.7.1"', ...python('left')];
  it('is held exactly, whatever newer versions there are', async () => {
    const index = await startIndex([...PLAIN, ...TORCH]);
    const lock = await make({ yaml, url: index.url, plan: PLAN });
    expect(versions(lock)).toEqual([
      'left 2.0',
      'nvidia-nccl-cu12 2.26.2',
      'right 1.5',
      'torch 2.7.1',
      'torchaudio 2.7.1',
      'torchvision 0.22.1',
      'triton 3.3.1',
    ]);
  });
  it('of another variant is taken by its local version where the index has it', async () => {
    const index = await startIndex([...PLAIN, ...TORCH]);
    const plan = { ...PLAN, variant: 'cu118', nvidia: { 'nvidia-nccl-cu11': '2.21.5' } };
    const lock = await make({ yaml, url: index.url, plan });
    expect(versions(lock)).toEqual([
      'left 2.0',
      'nvidia-nccl-cu11 2.21.5',
      'right 1.5',
      'torch 2.7.1+cu118',
      'torchaudio 2.7.1+cu118',
      'torchvision 0.22.1+cu118',
      'triton 3.3.1',
    ]);
  });
  it('of a variant that the index does not have is refused', async () => {
    const index = await startIndex([...PLAIN, ...TORCH.filter((each) => !each.version.includes('+'))]);
    const error = await refusal({
      yaml,
      url: index.url,
      plan: { ...PLAN, variant: 'cpu', triton: null, nvidia: {} },
    });
    expect(error).toMatchObject({ code: 'RIG-LOCK-036', exitCode: 3 });
    expect(error.why).toContain('torch brings nvidia-nccl-cu12');
  });
});
