import { type Server, createServer } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRigError } from '../kernel/index.ts';
import { type FaultyServer, faultyServer } from '../../tests/store/faultyServer.ts';
import { createHttp, redactUrl } from './index.ts';
import { parseNetrc } from './netrc.ts';
import { proxyFor } from './proxy.ts';
import { retryAfter } from './retry.ts';

let one: FaultyServer;
let two: FaultyServer;
let folder: string;
beforeEach(async () => {
  one = await faultyServer();
  two = await faultyServer();
  folder = await mkdtemp(join(tmpdir(), 'rig-http-'));
});
afterEach(async () => {
  await one.close();
  await two.close();
  await rm(folder, { recursive: true, force: true });
});

const BASIC = `Basic ${Buffer.from('me:s3cret/').toString('base64')}`;

describe('credentials', () => {
  it('go as a header, to their own origin only', async () => {
    one.at.set('/near', { redirect: '/here' });
    one.at.set('/here', { body: 'x', authorization: BASIC });
    one.at.set('/far', { redirect: `${two.url}/there` });
    two.at.set('/there', { body: 'y' });
    const http = createHttp({ env: {} });
    const secret = one.url.replace('//', '//me:s3cret%2F@');
    expect((await http.fetch({ url: `${secret}/near` })).body.toString()).toBe('x');
    expect((await http.fetch({ url: `${secret}/far` })).body.toString()).toBe('y');
    expect(one.requests.every((request) => request.authorization === BASIC)).toBe(true);
    expect(two.requests[0]?.authorization).toBeUndefined();
    await http.close();
  });

  it('come from netrc, and an address wins over it', async () => {
    const netrc = join(folder, 'netrc');
    await writeFile(netrc, 'machine 127.0.0.1 login me password "s3cret/"\n');
    one.at.set('/', { body: 'x' });
    const http = createHttp({ env: { NETRC: netrc } });
    await http.fetch({ url: `${one.url}/` });
    await http.fetch({ url: `${one.url.replace('//', '//a:b@')}/` });
    expect(one.requests[0]?.authorization).toBe(BASIC);
    expect(one.requests[1]?.authorization).toBe(`Basic ${Buffer.from('a:b').toString('base64')}`);
    await http.close();
  });

  it('never show', () => {
    expect(redactUrl('https://u:p@h.example:8443/a/b?X-Sig=s#f')).toBe('https://h.example:8443/a/b');
    expect(redactUrl('::u:p@')).not.toContain('p@');
  });
});

it('a place where nobody ever answered is given up sooner than one that went away', async () => {
  const http = createHttp({ env: {}, pause: 40 });
  one.at.set('/', { body: 'x' });
  await http.fetch({ url: `${one.url}/` });
  await one.close();
  await two.close();
  const milliseconds = async (url: string): Promise<number> => {
    const began = performance.now();
    await expect(http.fetch({ url })).rejects.toMatchObject({ code: 'RIG-STORE-001', exitCode: 4 });
    return performance.now() - began;
  };
  const never = await milliseconds(`${two.url}/`);
  const away = await milliseconds(`${one.url}/`);
  expect(away).toBeGreaterThan(40 + 80 + 160 + 320);
  expect(never).toBeLessThan(away);
  await http.close();
});

describe('netrc', () => {
  it('reads machines, default, comments, quotes and macros', () => {
    const find = parseNetrc(
      '# c\nmachine a.example\n  login u1\n  password p1 account x\nmacdef init\nmachine evil login e password e\n\nmachine b.example login "u 2" password "p\\"2"\ndefault login d password dd\n',
    );
    expect(find('A.example')).toEqual({ login: 'u1', password: 'p1' });
    expect(find('b.example')).toEqual({ login: 'u 2', password: 'p"2' });
    expect(find('evil')).toEqual({ login: 'd', password: 'dd' });
  });
});

describe('proxies', () => {
  it.each([
    ['https://a.example/', { HTTPS_PROXY: 'p.example:1' }, 'http://p.example:1'],
    ['http://a.example/', { HTTPS_PROXY: 'http://p.example:1' }, undefined],
    ['http://a.example/', { http_proxy: 'http://low', HTTP_PROXY: 'http://up' }, 'http://low'],
    ['http://a.example/', { ALL_PROXY: 'http://all' }, 'http://all'],
    ['http://a.b.example/', { HTTP_PROXY: 'http://p', NO_PROXY: 'x, .b.example' }, undefined],
    ['http://bb.example/', { HTTP_PROXY: 'http://p', NO_PROXY: 'b.example' }, 'http://p'],
    ['http://b.example:81/', { HTTP_PROXY: 'http://p', NO_PROXY: 'b.example:80' }, 'http://p'],
    ['http://[::1]:81/', { HTTP_PROXY: 'http://p', NO_PROXY: '::1' }, undefined],
    ['http://b.example/', { HTTP_PROXY: 'http://p', NO_PROXY: '*' }, undefined],
  ])('%s with %o: %s', (url, env, proxy) => expect(proxyFor(new URL(url), env)).toBe(proxy));

  it('refuses what is no http proxy, without its password', () => {
    expect(() => proxyFor(new URL('http://a/'), { HTTP_PROXY: 'socks5://u:hunter2@p' })).toThrow(
      /not a usable proxy/,
    );
    expect(() => proxyFor(new URL('http://a/'), { HTTP_PROXY: 'socks5://u:hunter2@p' })).not.toThrow(
      /hunter2/,
    );
  });

  it('carry plain http as such, with credentials for the proxy', async () => {
    const seen: (string | undefined)[] = [];
    const proxy: Server = createServer((request, response) => {
      seen.push(request.url, request.headers['proxy-authorization']);
      response.end('through');
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    const port = (proxy.address() as AddressInfo).port;
    const http = createHttp({ env: { HTTP_PROXY: `http://u:p@127.0.0.1:${port}` } });
    expect((await http.fetch({ url: 'http://nowhere.invalid/x' })).body.toString()).toBe('through');
    expect(seen).toEqual(['http://nowhere.invalid/x', `Basic ${Buffer.from('u:p').toString('base64')}`]);
    await http.close();
    proxy.closeAllConnections();
    await new Promise((done) => proxy.close(done));
  });

  it('tunnel https', async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket: Socket) => {
      asked.push(request.url ?? '');
      const port = Number(new URL(one.url).port);
      const to = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        to.pipe(socket).pipe(to);
      });
      to.on('error', () => socket.destroy());
      socket.on('error', () => to.destroy());
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const http = createHttp({ env: { HTTPS_PROXY: address }, retries: 0 });
    // the far end speaks no TLS, so this fails, but behind the proxy
    await expect(http.fetch({ url: 'https://nowhere.invalid/x' })).rejects.toMatchObject({ exitCode: 4 });
    expect(asked).toEqual(['nowhere.invalid:443']);
    await http.close();
    proxy.closeAllConnections();
    await new Promise((done) => proxy.close(done));
  });
});

describe('failures', () => {
  it.each([
    ['file:///etc/passwd', 'RIG-STORE-007'],
    ['nonsense', 'RIG-STORE-007'],
    ['http://127.0.0.1:9/', 'RIG-STORE-001'],
  ])('%s', async (url, code) => {
    const http = createHttp({ env: {}, retries: 0 });
    await expect(http.fetch({ url })).rejects.toMatchObject({ code, exitCode: 4 });
    await http.close();
  });

  it('ends a redirect loop', async () => {
    one.at.set('/loop', { redirect: '/loop' });
    const http = createHttp({ env: {}, retries: 0 });
    await expect(http.fetch({ url: `${one.url}/loop` })).rejects.toThrow(/redirects/);
    await http.close();
  });

  it('limits what it holds in memory', async () => {
    one.at.set('/big', { body: Buffer.alloc(1 << 20) });
    const http = createHttp({ env: {}, retries: 0 });
    await expect(http.fetch({ url: `${one.url}/big` }, { limit: 1000 })).rejects.toThrow(/larger than 1000/);
    await http.close();
  });

  it('names a certificate bundle that is missing', async () => {
    const http = createHttp({ env: {}, retries: 0 });
    const error: unknown = await http
      .fetch({ url: one.url, via: { ca: [join(folder, 'none.pem')] } })
      .catch((e: unknown) => e);
    expect(isRigError(error) && [error.code, error.message]).toEqual([
      'RIG-STORE-006',
      expect.stringContaining('none.pem'),
    ]);
    await http.close();
  });

  it('reads Retry-After in seconds and dates, capped', () => {
    expect(retryAfter({ 'retry-after': '2' })).toBe(2000);
    expect(retryAfter({ 'retry-after': '99999' })).toBe(30_000);
    expect(retryAfter({ 'retry-after': new Date(0).toUTCString() })).toBe(0);
    expect(retryAfter({ 'retry-after': 'soon' })).toBeUndefined();
  });
});
