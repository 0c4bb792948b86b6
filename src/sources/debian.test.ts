import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import * as openpgp from 'openpgp';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HomeLayout, homeLayout, isRigError, sha256Hex } from '../kernel/index.ts';
import { type Http, type Store, createHttp, openStore } from '../store/index.ts';
import { type Behaviour, type FaultyServer, faultyServer } from '../../tests/store/faultyServer.ts';
import { parseAptConfig } from './aptConfig.ts';
import { parseDeb822, parseOneLine } from './aptSources.ts';
import {
  type DebianIndex,
  type DebianSources,
  debianIndex,
  debianSources,
  describeDebianSources,
  locateDeb,
} from './index.ts';
import { DEBIAN_ARCHIVE_KEYS } from './keys/debianArchive.ts';
import { compactPackages, packageOfLine, scanCompact } from './packagesFile.ts';

const PACKAGES = `Package: awk-a
Version: 1:2.0-1+b1
Architecture: amd64
Multi-Arch: foreign
Provides: awk (= 2), other:any
Depends: libc6 (>= 2.36),
 zlib1g | zlib
Description: an awk
 of many lines
Filename: pool/main/a/awk-a_2.0-1+b1_amd64.deb
Size: 1234
SHA256: ${'a'.repeat(64)}

Package: plain
Version: 1
Architecture: all
Essential: yes
Filename: pool/main/p/plain_1_all.deb
Size: 5
SHA256: ${'b'.repeat(64)}
`;
const NOW = Date.parse('2026-01-10T00:00:00Z') / 1000;

let key: { privateKey: openpgp.PrivateKey; armored: string };
let folder: string;
let server: FaultyServer;
let http: Http;
let store: Store;
let home: HomeLayout;

beforeAll(async () => {
  const { privateKey, publicKey } = await openpgp.generateKey({
    userIDs: [{ name: 'test archive' }],
    date: new Date('2020-01-01'),
    format: 'object',
  });
  key = { privateKey, armored: publicKey.armor() };
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-debian-'));
  server = await faultyServer();
  home = homeLayout(join(folder, 'home'));
  http = createHttp({ env: {}, retries: 0, timeouts: { idle: 1000 } });
  store = openStore(home, { http, tuning: { tries: 1 } });
});
afterEach(async () => {
  await store.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Serves a signed suite with one Packages file; returns what the mirror's InRelease says. */
async function publish(
  given: { suite?: string; codename?: string; packages?: string; until?: string; date?: string } = {},
): Promise<string> {
  const suite = given.suite ?? 'bookworm';
  const packed = gzipSync(given.packages ?? PACKAGES);
  const text = [
    'Origin: Test',
    `Codename: ${given.codename ?? suite}`,
    `Date: ${given.date ?? 'Fri, 09 Jan 2026 00:00:00 UTC'}`,
    ...(given.until ? [`Valid-Until: ${given.until}`] : []),
    'Acquire-By-Hash: yes',
    'SHA256:',
    ` ${sha256Hex(packed)} ${packed.length} main/binary-amd64/Packages.gz`,
    '',
  ].join('\n');
  const message = await openpgp.createCleartextMessage({ text });
  const signed = await openpgp.sign({ message, signingKeys: key.privateKey, date: new Date('2026-01-09') });
  server.at.set(`/debian/dists/${suite}/InRelease`, { body: signed });
  server.at.set(`/debian/dists/${suite}/main/binary-amd64/by-hash/SHA256/${sha256Hex(packed)}`, {
    body: packed,
  });
  return signed;
}

async function mirror(over: { keyring?: string } = {}): Promise<DebianSources> {
  const etc = join(folder, 'apt');
  await mkdir(join(etc, 'sources.list.d'), { recursive: true });
  const keyring = join(folder, 'key.asc');
  await writeFile(keyring, over.keyring ?? key.armored);
  await writeFile(
    join(etc, 'sources.list.d', 'debian.sources'),
    `Types: deb\nURIs: ${server.url}/debian\nSuites: trixie\nComponents: main\nSigned-By: ${keyring}\n`,
  );
  return debianSources({ PATH: '' }, etc);
}

async function load(sources: DebianSources, suites = ['bookworm']): Promise<DebianIndex> {
  return debianIndex({ sources, http, store, home, suites, arch: 'amd64', now: NOW });
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((e: unknown) => e);
  if (!isRigError(error)) throw new Error(`no RigError but ${String(error)}`);
  expect(error.exitCode).toBe(4);
  return `${error.code} ${error.message} | ${error.why}`;
}

describe('index', () => {
  it('verifies, parses, and costs one small request the second time', async () => {
    await publish();
    const sources = await mirror();
    const index = await load(sources);
    expect(index).toMatchObject({ size: 2, date: Date.parse('2026-01-09') / 1000 });
    expect(index.versions('awk-a')).toEqual([
      {
        name: 'awk-a',
        version: '1:2.0-1+b1',
        arch: 'amd64',
        multiArch: 'foreign',
        essential: false,
        priority: '',
        source: '',
        preDepends: '',
        depends: 'libc6 (>= 2.36), zlib1g | zlib',
        recommends: '',
        provides: 'awk (= 2), other:any',
        conflicts: '',
        breaks: '',
        replaces: '',
        path: 'pool/main/a/awk-a_2.0-1+b1_amd64.deb',
        size: 1234,
        installedSize: 0,
        sha256: 'a'.repeat(64),
        archive: 'debian',
        suite: 'bookworm',
      },
    ]);
    expect(index.providers('awk').map((entry) => entry.name)).toEqual(['awk-a']);
    expect(index.providers('other')).toHaveLength(1);
    expect(index.versions('plain')[0]?.essential).toBe(true);
    expect(index.versions('none')).toEqual([]);
    const before = server.requests.length;
    expect((await load(sources)).size).toBe(2);
    expect(server.requests.slice(before).map((request) => request.path)).toEqual([
      '/debian/dists/bookworm/InRelease',
    ]);
  });

  it('refuses what was changed after signing, also when the good one is cached', async () => {
    const signed = await publish();
    const sources = await mirror();
    await load(sources);
    server.at.set('/debian/dists/bookworm/InRelease', {
      body: signed.replace('Origin: Test', 'Origin: Evil'),
    });
    expect(await refusal(load(sources))).toMatch(/SOURCES-006/);
  });

  it('refuses what is not signed, or signed by somebody else', async () => {
    await publish();
    const sources = await mirror({ keyring: DEBIAN_ARCHIVE_KEYS[0]?.armored ?? '' });
    expect(await refusal(load(sources))).toMatch(/SOURCES-006/);
    server.at.set('/debian/dists/bookworm/InRelease', { body: 'Codename: bookworm\n' });
    expect(await refusal(load(sources))).toMatch(/SOURCES-006.*not signed text/);
  });

  it.each([
    ['500', { status: 500, body: 'no' }, /SOURCES-008 .*answered 500/],
    [
      'a page of a proxy',
      { body: '<!DOCTYPE html><title>Sign in</title>', type: 'text/html' },
      /SOURCES-006 .*a web page/,
    ],
    ['half of it', { cutAfter: 200 }, /STORE-001 .*InRelease: the connection was cut/],
    ['a part, and then nothing', { stallAfter: 200 }, /STORE-001 .*InRelease: the transfer stalled/],
  ] satisfies [string, Behaviour, RegExp][])(
    'refuses a mirror that answers %s',
    async (_name, given, expected) => {
      const signed = await publish();
      server.at.set('/debian/dists/bookworm/InRelease', { body: signed, ...given });
      expect(await refusal(load(await mirror()))).toMatch(expected);
    },
  );

  it('takes only the signed part', async () => {
    const signed = await publish();
    server.at.set('/debian/dists/bookworm/InRelease', { body: `Codename: evil\n\n${signed}` });
    // what precedes the signed text is not read: taken for real, this suite would be refused
    expect((await load(await mirror())).size).toBe(2);
  });

  it.each([
    ['another suite', { codename: 'sid' }, /SOURCES-007 .*speaks of sid, not of bookworm/],
    ['expired', { until: 'Fri, 09 Jan 2026 12:00:00 UTC' }, /SOURCES-007 .*has expired/],
    ['from the future', { date: 'Fri, 09 Jan 2027 00:00:00 UTC' }, /SOURCES-007 .*future/],
  ])('refuses an index that is %s', async (_name, given, expected) => {
    await publish(given);
    expect(await refusal(load(await mirror()))).toMatch(expected);
  });

  it('refuses a Packages file with another hash, and a mirror without it', async () => {
    const signed = await publish();
    const path = /by-hash\S*/.exec([...server.at.keys()].join(' '))?.[0] ?? '';
    const full = `/debian/dists/bookworm/main/binary-amd64/${path}`;
    const body = server.at.get(full)?.body as Buffer;
    server.at.set(full, { body: Buffer.concat([body.subarray(0, -1), Buffer.from('x')]) });
    expect(await refusal(load(await mirror()))).toMatch(/SOURCES-008/);
    server.at.delete(full);
    expect(await refusal(load(await mirror()))).toMatch(/SOURCES-008 .*answered 404/);
    server.at.delete('/debian/dists/bookworm/InRelease');
    expect(await refusal(load(await mirror()))).toMatch(/SOURCES-008 .*answered 404/);
    expect(signed).toContain('BEGIN PGP SIGNED MESSAGE');
  });
});

describe('packages', () => {
  it('do not depend on where the stream is cut', async () => {
    const whole = await compactPackages(Readable.from([Buffer.from(PACKAGES)]));
    const cut = Readable.from([...Buffer.from(PACKAGES)].map((byte) => Buffer.from([byte])));
    expect(await compactPackages(cut)).toBe(whole);
    expect(whole.split('\n').map((line) => packageOfLine(line).name)).toEqual(['awk-a', 'plain']);
    const seen: unknown[] = [];
    scanCompact(whole, (name, provided) => seen.push([name, provided]));
    expect(seen).toEqual([
      ['awk-a', ['awk', 'other']],
      ['plain', []],
    ]);
  });
});

/** The sources of a machine with this sources.list. */
async function settle(list: string, env: NodeJS.ProcessEnv = {}): Promise<DebianSources> {
  await writeFile(join(folder, 'sources.list'), list);
  return debianSources({ PATH: '', ...env }, folder);
}

describe('apt', () => {
  it('reads the one-line style', () => {
    const text =
      '# deb http://no.example/debian x main\ndeb-src http://no.example/d y main\ndeb [arch=amd64 signed-by=/k.gpg,/l.gpg check-valid-until=no] http://m.example/debian bookworm main contrib # c\n';
    expect(parseOneLine(text)).toEqual([
      {
        uri: 'http://m.example/debian',
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        signedBy: ['/k.gpg', '/l.gpg'],
        checkValidUntil: false,
      },
    ]);
  });

  it('reads the deb822 style, with an embedded key', () => {
    const text =
      'Types: deb deb-src\n# note\nURIs: http://a.example/debian http://b.example/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n x\n\nTypes: deb\nEnabled: no\nURIs: http://off.example\nSuites: x\n';
    const entries = parseDeb822(text);
    expect(entries.map((entry) => entry.uri)).toEqual(['http://a.example/debian', 'http://b.example/debian']);
    expect(entries[0]?.signedBy[0]).toContain('BEGIN PGP');
  });

  it("finds apt's proxies", () => {
    const config = parseAptConfig(
      'Acquire::http::Proxy "http://p.example:3142";\nAcquire::http::Proxy::m.example "DIRECT";\nAcquire::Check-Valid-Until "false";\n',
    );
    expect(config.checkValidUntil).toBe(false);
    expect(config.proxyFor(new URL('http://a.example/'))).toBe('http://p.example:3142');
    expect(config.proxyFor(new URL('https://a.example/'))).toBe('http://p.example:3142');
    expect(config.proxyFor(new URL('http://m.example/'))).toBe('direct');
    expect(parseAptConfig('').proxyFor(new URL('http://a.example/'))).toBeUndefined();
  });

  it('takes mirrors of any Debian suite, a sibling for security, and candidates of derivatives', async () => {
    const list = 'deb http://m.example/debian/ trixie main\ndeb http://x.example/tools stable-ish main\n';
    expect((await settle(list)).mirrors).toEqual({
      debian: ['http://m.example/debian'],
      'debian-security': ['http://m.example/debian-security'],
    });
    const ubuntu =
      'deb http://m.example/ubuntu noble main\ndeb http://s.example/ubuntu noble-security main\n';
    expect((await settle(ubuntu)).mirrors.debian).toContain('http://m.example/debian');
  });

  it('follows the override, and says which setting to give without one', async () => {
    const own = await settle('', { TORCHRIG_DEBIAN_MIRROR: 'http://own.example/debian/' });
    expect(own.mirrors).toEqual({
      debian: ['http://own.example/debian'],
      'debian-security': ['http://own.example/debian-security'],
    });
    expect(await refusal(settle(''))).toMatch(/SOURCES-005.*TORCHRIG_DEBIAN_MIRROR/);
  });

  it('sends the credentials of auth.conf, shows none', async () => {
    await writeFile(join(folder, 'auth.conf'), 'machine http://m.example/debian login u password hunter2\n');
    const sources = await settle(
      'deb http://m.example/debian trixie main\ndeb http://u:hunter2@n.example/debian trixie main\n',
    );
    const places = locateDeb(sources, {
      archive: 'debian',
      path: 'pool/main/g/g++_1~2_amd64.deb',
      sha256: '',
    });
    expect(places[0]).toEqual({
      url: 'http://m.example/debian/pool/main/g/g%2B%2B_1~2_amd64.deb',
      headers: { authorization: `Basic ${Buffer.from('u:hunter2').toString('base64')}` },
    });
    expect(JSON.stringify(describeDebianSources(sources))).not.toContain('hunter2');
  });

  it.each(['../etc/passwd', '/abs', 'pool/../../x', 'pool/a b'])('refuses the path %s', async (path) => {
    const sources = await settle('deb http://m.example/debian trixie main\n');
    expect(() => locateDeb(sources, { archive: 'debian', path, sha256: '' })).toThrow(/not a file/);
  });

  it('follows a list of mirrors in a file', async () => {
    await writeFile(
      join(folder, 'mirrors'),
      '# c\nhttp://one.example/debian\nhttp://two.example/debian priority:2\n',
    );
    const sources = await settle(`deb mirror+file:${join(folder, 'mirrors')} bookworm main\n`);
    expect(sources.mirrors.debian).toEqual(['http://one.example/debian', 'http://two.example/debian']);
  });
});

describe('keys', () => {
  it('are what they say, and public', async () => {
    for (const shipped of DEBIAN_ARCHIVE_KEYS) {
      const read = await openpgp.readKey({ armoredKey: shipped.armored });
      expect(read.getFingerprint().toUpperCase()).toBe(shipped.fingerprint);
      expect(read.isPrivate()).toBe(false);
    }
    const source = await readFile(new URL('keys/debianArchive.ts', import.meta.url), 'utf8');
    expect(source).not.toContain('PRIVATE KEY');
  });
});
