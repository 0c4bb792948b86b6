import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HomeLayout, type ProgressEvent, homeLayout, isRigError, sha256Hex } from '../kernel/index.ts';
import { type Behaviour, type FaultyServer, faultyServer } from '../../tests/store/faultyServer.ts';
import { type Http, type Store, type WantedFile, createHttp, openStore } from './index.ts';
import { thisProcess } from './owner.ts';

const CONTENT = randomBytes(3_000_000);
const SHA = sha256Hex(CONTENT);

let server: FaultyServer;
let home: HomeLayout;
let http: Http;
let store: Store;

beforeEach(async () => {
  server = await faultyServer();
  home = homeLayout(await mkdtemp(join(tmpdir(), 'rig-store-')));
  http = createHttp({ env: {}, timeouts: { connect: 1000, headers: 300, idle: 300 } });
  store = openStore(home, { http, tuning: { tries: 3, pause: 5, splitFrom: 256 << 10 } });
});
afterEach(async () => {
  await store.close();
  await server.close();
  await rm(home.root, { recursive: true, force: true });
});

function serve(path: string, behaviour: Behaviour): WantedFile {
  const body = Buffer.from(behaviour.body ?? CONTENT);
  server.at.set(path, { body, ...behaviour });
  return wanted(path);
}

function wanted(path: string, over: Partial<WantedFile> = {}): WantedFile {
  return {
    sha256: SHA,
    size: CONTENT.length,
    label: path.slice(1),
    locate: () => Promise.resolve([{ url: `${server.url}${path}` }]),
    ...over,
  };
}

async function failure(files: WantedFile[]): Promise<{ code: string; text: string; exitCode: number }> {
  const error: unknown = await store.fetch(files).catch((e: unknown) => e);
  if (!isRigError(error)) throw new Error(`no RigError but ${String(error)}`);
  return {
    code: error.code,
    text: `${error.message} | ${error.why} | ${error.hint}`,
    exitCode: error.exitCode,
  };
}

async function partial(): Promise<string[]> {
  return readdir(join(home.files, 'partial')).catch(() => []);
}

describe('fetch', () => {
  it('brings a file, verified, and asks nobody the second time', async () => {
    const file = serve('/a.whl', {});
    expect(await store.fetch([file])).toEqual({ bytesFetched: CONTENT.length, filesFetched: 1 });
    expect(CONTENT.equals(await readFile(store.path(SHA)))).toBe(true);
    expect(await partial()).toEqual([]);
    const untouchable = { ...file, locate: () => Promise.reject(new Error('asked')) };
    expect(await store.fetch([untouchable])).toEqual({ bytesFetched: 0, filesFetched: 0 });
    expect(server.requests).toHaveLength(1);
  });

  it('reuses connections for many small files and keeps them apart', async () => {
    const bodies = Array.from({ length: 40 }, (_, i) => Buffer.from(`content of ${i}`));
    const files = bodies.map((body, i) => {
      server.at.set(`/${i}`, { body });
      return wanted(`/${i}`, { sha256: sha256Hex(body), size: body.length });
    });
    expect((await store.fetch(files)).filesFetched).toBe(40);
    for (const [i, file] of files.entries())
      expect(await readFile(store.path(file.sha256))).toEqual(bodies[i]);
  });

  it('stores an empty file', async () => {
    const file = { ...serve('/empty', { body: '' }), sha256: sha256Hex(''), size: 0 };
    await store.fetch([file]);
    expect((await stat(store.path(file.sha256))).size).toBe(0);
  });

  it('goes on after cuts with ranges, insisting on the same content', async () => {
    const file = serve('/cut', { cutAfter: 1_200_000, cutTimes: 2, headers: { etag: '"v1"' } });
    await store.fetch([file]);
    expect(await store.verify(SHA)).toBe(true);
    const [, second, third] = server.requests;
    expect(second?.ifRange).toBe('"v1"');
    expect(Number(/(\d+)-/.exec(second?.range ?? '')?.[1])).toBeGreaterThan(1_000_000);
    expect(Number(/(\d+)-/.exec(third?.range ?? '')?.[1])).toBeGreaterThan(2_000_000);
  });

  it('starts again where ranges are not served', async () => {
    await store.fetch([serve('/plain', { ranges: false, cutAfter: 1_500_000, cutTimes: 1 })]);
    expect(await store.verify(SHA)).toBe(true);
  });

  it('waits out 503, 429 with Retry-After, and 500', async () => {
    await store.fetch([serve('/503', { failFirst: { times: 2, status: 503 } })]);
    const other = Buffer.from('other');
    server.at.set('/429', {
      body: other,
      failFirst: { times: 1, status: 429, headers: { 'retry-after': '0' } },
    });
    await store.fetch([wanted('/429', { sha256: sha256Hex(other), size: 5 })]);
    expect(server.requests).toHaveLength(5);
  });

  it('takes the next place when the first has not got it, or lies', async () => {
    serve('/good', {});
    serve('/evil', { body: randomBytes(CONTENT.length) });
    const file = wanted('/x', {
      locate: () => Promise.resolve(['/gone', '/evil', '/good'].map((path) => ({ url: server.url + path }))),
    });
    await store.fetch([file]);
    expect(await store.verify(SHA)).toBe(true);
  });

  it('copies from a find-links folder', async () => {
    const path = join(home.root, 'here.whl');
    await writeFile(path, CONTENT);
    await store.fetch([wanted('/x', { locate: () => Promise.resolve([{ url: pathToFileURL(path).href }]) })]);
    expect(CONTENT.equals(await readFile(store.path(SHA)))).toBe(true);
    expect(CONTENT.equals(await readFile(path))).toBe(true);
  });

  it('reports every byte once', async () => {
    const events: ProgressEvent[] = [];
    await store.fetch([serve('/a', { cutAfter: 2_000_000, cutTimes: 1 })], {
      progress: (event) => events.push(event),
    });
    const sum = events.reduce((total, event) => total + (event.kind === 'advance' ? event.by : 0), 0);
    expect(sum).toBe(CONTENT.length);
    expect(events.at(0)).toMatchObject({ kind: 'task', total: CONTENT.length, unit: 'bytes' });
    expect(events.at(-1)).toMatchObject({ kind: 'done' });
  });

  it('stops when told to, keeps what came, and goes on from there', async () => {
    const file = serve('/slow', { drip: 5 });
    const stop = new AbortController();
    const stopped = new Error('stopped by the user');
    const work = store.fetch([file], {
      signal: stop.signal,
      progress: (event) => event.kind === 'advance' && stop.abort(stopped),
    });
    await expect(work).rejects.toBe(stopped);
    expect((await partial()).filter((name) => name.endsWith('.claim'))).toEqual([]);
    server.at.set('/slow', { body: CONTENT });
    const { bytesFetched } = await store.fetch([file]);
    expect(bytesFetched).toBeLessThan(CONTENT.length);
    expect(await store.verify(SHA)).toBe(true);
  });
});

describe('watch', () => {
  it('gives the tail first, then a growing prefix, then the stored path', async () => {
    const seen: string[] = [];
    let tail: Buffer | undefined;
    const tails: Promise<void>[] = [];
    await store.fetch([serve('/a', {})], {
      watch: {
        tailBytes: 100_000,
        tailFrom: 1000,
        onTail: (_sha, path, start) => {
          seen.push(`tail ${start}`);
          tails.push(readFile(path).then((bytes) => void (tail = bytes.subarray(start))));
        },
        onPrefix: (_sha, _path, bytes) => seen.push(`prefix ${bytes}`),
        onStored: (_sha, path) => seen.push(path),
      },
    });
    await Promise.all(tails);
    expect(tail?.equals(CONTENT.subarray(-100_000))).toBe(true);
    expect(seen).toEqual([`tail ${CONTENT.length - 100_000}`, `prefix ${CONTENT.length}`, store.path(SHA)]);
    expect(server.requests[0]?.range).toBe(`bytes=${CONTENT.length - 100_000}-${CONTENT.length - 1}`);
  });

  it('does without a tail where ranges are not served', async () => {
    let tails = 0;
    await store.fetch([serve('/a', { ranges: false })], {
      watch: { tailBytes: 1000, tailFrom: 1000, onTail: () => (tails += 1) },
    });
    expect(tails).toBe(0);
    expect(await store.verify(SHA)).toBe(true);
  });

  it('says so when bytes seen before were wrong', async () => {
    let restarts = 0;
    serve('/evil', { body: randomBytes(CONTENT.length) });
    serve('/good', {});
    const file = wanted('/x', {
      locate: () => Promise.resolve(['/evil', '/good'].map((path) => ({ url: server.url + path }))),
    });
    await store.fetch([file], { watch: { onRestart: () => (restarts += 1) } });
    expect(restarts).toBe(1);
  });
});

describe('several connections for one file', () => {
  it('splits a slow large file and puts it together rightly', async () => {
    const file = serve('/big', { drip: 4, headers: { 'accept-ranges': 'bytes' } });
    const ranged = openStore(home, { http, tuning: { splitFrom: 256 << 10 } });
    const events: number[] = [];
    await ranged.fetch([file], { progress: (event) => event.kind === 'advance' && events.push(event.by) });
    expect(await store.verify(SHA)).toBe(true);
    expect(events.reduce((a, b) => a + b, 0)).toBe(CONTENT.length);
  });
});

describe('bad sources: exit 4, the file named, no secret shown', () => {
  it.each<[string, Behaviour, RegExp]>([
    ['404', { status: 404 }, /answered 404/],
    ['403', { status: 403 }, /answered 403/],
    ['500 for ever', { failFirst: { times: 99, status: 500 } }, /answered 500/],
    ['a web page', { type: 'text/html; charset=utf-8', body: '<html>log in</html>' }, /web page/],
    ['fewer bytes than promised', { cutAfter: 1_000_000, ranges: false }, /early|cut|fewer/],
  ])('%s', async (_name, behaviour, why) => {
    const got = await failure([serve('/some.whl', behaviour)]);
    expect(got.code).toBe('RIG-STORE-003');
    expect(got.exitCode).toBe(4);
    expect(got.text).toContain('some.whl');
    expect(got.text).toMatch(why);
  });

  it('nothing more after a while', async () => {
    const impatient = openStore(home, { http, tuning: { tries: 1 } });
    const error: unknown = await impatient
      .fetch([serve('/stall.whl', { stallAfter: 500_000 })])
      .catch((e: unknown) => e);
    expect(isRigError(error) && [error.exitCode, error.message, error.why]).toEqual([
      4,
      'cannot fetch stall.whl',
      expect.stringMatching(/stalled/),
    ]);
  });

  it('too slow for too long', async () => {
    const impatient = openStore(home, { http, tuning: { tries: 1, slowest: { rate: 1e9, window: 50 } } });
    const error: unknown = await impatient.fetch([serve('/drip', { drip: 20 })]).catch((e: unknown) => e);
    expect(isRigError(error) && error.why).toMatch(/stalled/);
  });

  it('wrong hash: both hashes named, nothing kept', async () => {
    const other = randomBytes(CONTENT.length);
    const got = await failure([serve('/some.whl', { body: other })]);
    expect(got).toMatchObject({ code: 'RIG-STORE-002', exitCode: 4 });
    expect(got.text).toContain(SHA);
    expect(got.text).toContain(sha256Hex(other));
    expect(await store.has(SHA)).toBe(false);
    expect(await partial()).toEqual([]);
  });

  it('wrong size', async () => {
    const got = await failure([serve('/some.whl', { body: CONTENT.subarray(1) })]);
    expect(got).toMatchObject({ code: 'RIG-STORE-002', exitCode: 4 });
    expect(got.text).toContain(String(CONTENT.length - 1));
  });

  it('nobody listens: no password in any part of the error', async () => {
    const file = wanted('/x', {
      label: 'secret.whl',
      locate: () => Promise.resolve([{ url: 'http://user:hunter2@127.0.0.1:9/x?token=hunter2' }]),
    });
    const error: unknown = await store.fetch([file]).catch((e: unknown) => e);
    if (!isRigError(error)) throw new Error('no RigError');
    expect(error.exitCode).toBe(4);
    const shown = JSON.stringify([error.message, error.why, error.hint, error.details]);
    expect(shown).toContain('secret.whl');
    expect(shown).not.toContain('hunter2');
  });

  it('nowhere to look', async () => {
    const got = await failure([wanted('/x', { locate: () => Promise.resolve([]) })]);
    expect(got).toMatchObject({ code: 'RIG-STORE-003', exitCode: 4 });
  });
});

describe('disk', () => {
  it('refuses before the first byte when the disk is too small, exit 1', async () => {
    const file = serve('/a', {});
    const error: unknown = await store.fetch([file], { reserve: 1e18 }).catch((e: unknown) => e);
    expect(isRigError(error) && [error.code, error.exitCode]).toEqual(['RIG-STORE-004', 1]);
    expect(isRigError(error) && error.message).toContain(home.files);
    expect(server.requests).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)(
    'a folder that cannot be written (skipped as root: nothing is forbidden)',
    async () => {
      await chmod(home.root, 0o555);
      const got = await failure([serve('/a', {})]);
      await chmod(home.root, 0o755);
      expect(got).toMatchObject({ code: 'RIG-STORE-005', exitCode: 1 });
    },
  );
});

describe('content', () => {
  it('adds files and bytes once', async () => {
    const path = join(home.root, 'x');
    await writeFile(path, CONTENT);
    expect(await store.add(path)).toEqual({ sha256: SHA, size: CONTENT.length });
    expect(await store.addBytes(CONTENT)).toBe(SHA);
    expect(await store.list()).toEqual([{ sha256: SHA, size: CONTENT.length }]);
    expect(await partial()).toEqual([]);
  });

  it('finds damage and removes it', async () => {
    const sha = await store.addBytes(Buffer.from('good'));
    await chmod(store.path(sha), 0o644);
    await writeFile(store.path(sha), 'evil');
    expect(await store.verify(sha)).toBe(false);
    expect(await store.has(sha)).toBe(false);
  });

  it('hashes again what a crash of the machine may have damaged, and only that', async () => {
    await store.fetch([serve('/a', {})]);
    const path = store.path(SHA);
    const before = new Date('2001-01-01');
    await writeFile(path, Buffer.concat([CONTENT.subarray(0, -10), Buffer.alloc(10)]));
    await utimes(path, before, before);
    const next = openStore(home, { http });
    expect(await next.has(SHA, CONTENT.length)).toBe(false);
    await next.fetch([wanted('/a')]);
    await next.settle();
    await utimes(path, before, before);
    expect((await stat(path)).mode & 0o777).toBe(0o444);
    expect(await openStore(home, { http }).has(SHA)).toBe(true);
  });

  it('collects garbage: what is not kept, and parts of dead processes', async () => {
    const kept = await store.addBytes(Buffer.from('kept'));
    await store.addBytes(Buffer.from('dropped'));
    const partials = join(home.files, 'partial');
    const old = new Date(Date.now() - 7_200_000);
    for (const name of [`${'a'.repeat(64)}.claim`, '.add.1.abcd.tmp']) {
      await writeFile(join(partials, name), '999999999-1-00000000');
      await utimes(join(partials, name), old, old);
    }
    await mkdir(join(partials, `${'b'.repeat(64)}.part.999999999-1-${(await thisProcess()).slice(-8)}`));
    expect(await store.gc(new Set([kept]))).toEqual({ removed: 1, bytes: 7 });
    expect((await store.list()).map((file) => file.sha256)).toEqual([kept]);
    expect(await partial()).toEqual([]);
  });
});
