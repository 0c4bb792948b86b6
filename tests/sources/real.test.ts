import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { homeLayout, run } from '../../src/kernel/index.ts';
import { createHttp, openStore } from '../../src/store/index.ts';
import {
  debianIndex,
  debianSources,
  findUv,
  locateDeb,
  openRemoteFile,
  pythonIndex,
  pythonSources,
  uvEnvironment,
} from '../../src/sources/index.ts';

const folder = await mkdtemp(join(tmpdir(), 'rig-real-'));
const home = homeLayout(folder);
const http = createHttp({ retries: 0, timeouts: { connect: 5000, headers: 10_000 } });
const store = openStore(home, { http });
afterAll(async () => {
  await http.close();
  await rm(folder, { recursive: true, force: true });
});

/** What this machine's own clients know, or why they know nothing. */
const python = await pythonSources(process.env, home).catch(() => undefined);
const isPythonThere =
  python !== undefined &&
  (await pythonIndex(python, http)
    .files('iniconfig')
    .then((files) => files.length > 0)
    .catch(() => false));
const debian = await debianSources().catch(() => undefined);
const isDebianThere =
  debian !== undefined &&
  (await http
    .get(debian.at(debian.mirrors.debian[0] ?? '', 'dists/bookworm/InRelease'), { method: 'HEAD' })
    .then((answer) => answer.status === 200)
    .catch(() => false));

describe.skipIf(!isPythonThere)("this machine's Python index (skipped when it does not answer)", () => {
  it('serves a wheel that is fetched by hash, and read in pieces', async () => {
    if (!python) throw new Error('no sources');
    const index = pythonIndex(python, http);
    const file = (await index.files('iniconfig')).find(
      (entry) => entry.file.endsWith('.whl') && entry.sha256,
    );
    if (!file?.sha256) throw new Error('no wheel with a hash');
    const size = await index.sizeOf(file);
    const wanted = { name: 'iniconfig', file: file.file, sha256: file.sha256 };
    const remote = await openRemoteFile((await index.locateWheel(wanted))[0] ?? { url: '' }, http);
    expect(remote.size).toBe(size);
    expect((await remote.read(size - 22, 4)).toString('latin1')).toBe('PK\u0005\u0006');
    await store.fetch([
      { sha256: file.sha256, size, label: file.file, locate: () => index.locateWheel(wanted) },
    ]);
    expect(await store.verify(file.sha256)).toBe(true);
  });

  it('serves torch 2.7.1 for Linux', async () => {
    if (!python) throw new Error('no sources');
    const served = await pythonIndex(python, http).servedWheels('torch');
    const linux = served.filter(
      (wheel) => wheel.version.startsWith('2.7.1') && wheel.platforms.some((p) => p.includes('x86_64')),
    );
    expect(linux.map((wheel) => wheel.python)).toContain('cp311');
  });

  it('is what uv resolves from, obtained through pip where it is missing', async () => {
    if (!python) throw new Error('no sources');
    const { PATH = '' } = process.env;
    const without = { ...process.env, PATH: await pathWithoutUv(PATH) };
    const uv = await findUv(without, home);
    expect(uv.from).toBe('home');
    expect(await findUv(without, home)).toEqual(uv);
    const given = uvEnvironment(python, process.env, home);
    const result = await run(uv.path, ['pip', 'compile', '--quiet', '--no-header', ...given.args, '-'], {
      env: given.env,
      input: 'iniconfig\n',
    });
    expect(result.stdout).toMatch(/^iniconfig==/m);
  });
});

async function pathWithoutUv(path: string): Promise<string> {
  const folders: string[] = [];
  for (const each of path.split(':'))
    if (!(await stat(join(each, 'uv')).catch(() => undefined))) folders.push(each);
  return folders.join(':');
}

describe.skipIf(!isDebianThere)("this machine's Debian mirror (skipped when it does not answer)", () => {
  const suites = ['bookworm', 'bookworm-updates', 'bookworm-security'];

  it('is verified by the keys that ship with rig, and parsed', async () => {
    if (!debian) throw new Error('no sources');
    const options = {
      sources: { ...debian, keyrings: [] },
      http,
      store,
      home,
      suites,
      arch: 'amd64' as const,
    };
    const index = await debianIndex(options);
    expect(index.size).toBeGreaterThan(60_000);
    const [libc] = index.versions('libc6');
    expect(libc).toMatchObject({ arch: 'amd64', multiArch: 'same', archive: 'debian', essential: false });
    expect(index.versions('coreutils')[0]?.essential).toBe(true);
    expect(index.providers('awk').map((entry) => entry.name)).toEqual(
      expect.arrayContaining(['mawk', 'gawk']),
    );
    const again = Date.now();
    await debianIndex(options);
    expect(Date.now() - again).toBeLessThan(30_000);
  });

  it('gives a .deb by hash', async () => {
    if (!debian) throw new Error('no sources');
    const index = await debianIndex({
      sources: debian,
      http,
      store,
      home,
      suites: ['bookworm'],
      arch: 'amd64',
    });
    const deb = index.versions('hostname')[0];
    if (!deb) throw new Error('no hostname package');
    await store.fetch([
      {
        sha256: deb.sha256,
        size: deb.size,
        label: deb.name,
        locate: () => Promise.resolve(locateDeb(debian, deb)),
      },
    ]);
    expect(await store.verify(deb.sha256)).toBe(true);
  });
});
