import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { EXIT, RigError, messageOf } from '../kernel/index.ts';
import { type Connection, type Location, redactUrl, splitCredentials } from './location.ts';
import { type Netrc, readNetrc } from './netrc.ts';
import { proxyAddress, proxyFor } from './proxy.ts';
import { trustContext } from './trust.ts';
import { delay, isPassing, retryAfter, triesFor } from './retry.ts';

export interface HttpOptions {
  /** Proxies, certificate bundles and netrc are read from it. */
  env?: NodeJS.ProcessEnv;
  /** Milliseconds. */
  timeouts?: { connect?: number; headers?: number; idle?: number };
  /** How often a passing failure is tried again (default 4), and the first pause in milliseconds (default 500, doubling). */
  retries?: number;
  pause?: number;
  userAgent?: string;
}

export interface GetOptions {
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  method?: 'GET' | 'HEAD';
}

/** An answer whose headers have come; the body must be read to its end or destroyed. */
export interface HttpAnswer {
  status: number;
  /** Lower-case names; repeated headers joined by `, `. */
  headers: Readonly<Record<string, string>>;
  body: Readable & { dump(): Promise<void> };
  /** Where the redirects led, for relative links. */
  url: string;
}

export interface Http {
  /** One try, redirects followed. Throws RIG-STORE-001 for anything but an HTTP answer; a status is not judged. */
  get(location: Location, options?: GetOptions): Promise<HttpAnswer>;
  /**
   * Headers and whole body, retried while the failure looks passing (408, 429, 5xx, cut connections).
   * Throws RIG-STORE-001 when it goes on, or when the body exceeds `limit` bytes (default 64 MiB).
   */
  fetch(location: Location, options?: GetOptions & { limit?: number }): Promise<FetchedBody>;
  close(): Promise<void>;
}

export interface FetchedBody {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  url: string;
}

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** An HTTP client that follows the machine's proxies, certificates and netrc. Nothing is loaded before the first request. */
export function createHttp(options: HttpOptions = {}): Http {
  const env = options.env ?? process.env;
  const timeouts = { connect: 15_000, headers: 60_000, idle: 60_000, ...options.timeouts };
  const agents = new Map<string, Promise<Dispatcher>>();
  let netrc: Promise<Netrc> | undefined;
  /** Origins that answered: when one of them is gone, it is worth waiting for. */
  const answered = new Set<string>();

  const agentFor = (url: URL, via: Connection): Promise<Dispatcher> => {
    const wanted =
      via.proxy === undefined
        ? proxyFor(url, env)
        : via.proxy === 'direct'
          ? undefined
          : proxyAddress(via.proxy);
    const key = JSON.stringify([wanted, wanted && url.protocol, via.insecure, via.ca]);
    let agent = agents.get(key);
    if (!agent) {
      agent = makeAgent({ env, timeouts, proxy: wanted, via, tunnel: url.protocol === 'https:' });
      agents.set(key, agent);
    }
    return agent;
  };

  const once = async (url: URL, location: Location, headers: Record<string, string>, get: GetOptions) => {
    const { request } = await import('undici');
    const { url: target, authorization } = splitCredentials(url);
    if (authorization && !headers['authorization']) headers['authorization'] = authorization;
    if (!headers['authorization'] && !headers['Authorization']) {
      netrc ??= readNetrc(env);
      const known = (await netrc)(target.hostname);
      if (known)
        headers['authorization'] =
          `Basic ${Buffer.from(`${known.login}:${known.password}`).toString('base64')}`;
    }
    const dispatcher = await agentFor(target, location.via ?? {});
    return request(target, {
      dispatcher,
      method: get.method ?? 'GET',
      headers,
      headersTimeout: timeouts.headers,
      bodyTimeout: timeouts.idle,
      ...(get.signal && { signal: get.signal }),
    });
  };

  const get = async (location: Location, given: GetOptions = {}): Promise<HttpAnswer> => {
    let url = parseUrl(location.url);
    const headers: Record<string, string> = {
      'user-agent': options.userAgent ?? 'torchrig',
      'accept-encoding': 'identity',
    };
    for (const [name, value] of Object.entries({ ...location.headers, ...given.headers }))
      headers[name.toLowerCase()] = value;
    try {
      for (let hops = 0; ; hops += 1) {
        const answer = await once(url, location, headers, given);
        answered.add(url.origin);
        const to = answer.headers['location'];
        // a body that is thrown away must not raise an error that nobody waits for
        answer.body.on('error', () => {});
        if (!REDIRECTS.has(answer.statusCode) || typeof to !== 'string')
          return {
            status: answer.statusCode,
            headers: flatten(answer.headers),
            body: answer.body,
            url: splitCredentials(url).url.href,
          };
        await answer.body.dump();
        if (hops >= MAX_REDIRECTS) throw failure(location.url, 'more than 10 redirects');
        const next = parseUrl(to, url);
        // a secret given for one origin is not for the next (RFC 9110, 15.4)
        if (next.origin !== url.origin) {
          delete headers['authorization'];
          delete headers['cookie'];
        }
        url = next;
      }
    } catch (error) {
      given.signal?.throwIfAborted();
      throw error instanceof RigError
        ? error
        : connectionFailure(location.url, error, { isKnown: answered.has(url.origin) });
    }
  };

  const fetch = async (
    location: Location,
    given: GetOptions & { limit?: number } = {},
  ): Promise<FetchedBody> => {
    for (let attempt = 0; ; attempt += 1) {
      const usual = (options.retries ?? 4) + 1;
      const last = attempt + 1 >= usual;
      let wait: number | undefined;
      try {
        const answer = await get(location, given);
        if (last || !isPassing(answer.status)) {
          const body = await readAll(answer, given.limit ?? 64 << 20, location.url);
          return { status: answer.status, headers: answer.headers, body, url: answer.url };
        }
        wait = retryAfter(answer.headers);
        await answer.body.dump();
      } catch (error) {
        given.signal?.throwIfAborted();
        if (attempt + 1 >= triesFor(error, usual) || !isPassing(error))
          throw error instanceof RigError ? error : connectionFailure(location.url, error);
      }
      await delay(wait ?? (options.pause ?? 500) * 2 ** attempt, given.signal);
    }
  };

  return {
    get,
    fetch,
    async close() {
      const open = await Promise.allSettled(agents.values());
      agents.clear();
      for (const agent of open) if (agent.status === 'fulfilled') await agent.value.destroy();
    },
  };
}

async function makeAgent(options: {
  env: NodeJS.ProcessEnv;
  timeouts: { connect: number };
  proxy: string | undefined;
  via: Connection;
  tunnel: boolean;
}): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import('undici');
  const secureContext = await trustContext(options.env, options.via.ca);
  const connect = {
    secureContext,
    timeout: options.timeouts.connect,
    ...(options.via.insecure && { rejectUnauthorized: false }),
  };
  const common = { connect, pipelining: 1, keepAliveTimeout: 10_000 };
  if (!options.proxy) return new Agent(common);
  return new ProxyAgent({
    ...common,
    uri: options.proxy,
    requestTls: connect,
    proxyTls: connect,
    // CONNECT to port 80 is refused by many proxies; plain http needs none
    proxyTunnel: options.tunnel,
  });
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new RigError('RIG-STORE-007', `not an http or https address: ${redactUrl(text)}`, {
      exitCode: EXIT.source,
    });
  return url;
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) out[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  return out;
}

async function readAll(answer: HttpAnswer, limit: number, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw failure(url, `the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function failure(
  url: string,
  why: string,
  { cause, details }: { cause?: unknown; details?: Record<string, unknown> } = {},
): RigError {
  return new RigError('RIG-STORE-001', `${redactUrl(url)}: ${why}`, {
    why,
    hint: 'check the network, HTTP_PROXY/HTTPS_PROXY/NO_PROXY and the package source, then run the same command again',
    exitCode: EXIT.source,
    ...(cause !== undefined && { cause }),
    ...(details && { details }),
  });
}

/** Nobody is there. */
const ABSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']);

/**
 * What went wrong below HTTP, in words. The message of the cause names hosts and ports only. `isKnown`: the place has
 * answered before.
 */
export function connectionFailure(url: string, error: unknown, { isKnown = true } = {}): RigError {
  const codes = [error, (error as { cause?: unknown } | null)?.cause].map(
    (e) => (e as { code?: unknown } | null)?.code,
  );
  const code = codes.find((c): c is string => typeof c === 'string') ?? '';
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code) && !/TIMEOUT|CONNRESET/.test(code))
    return new RigError('RIG-STORE-006', `${redactUrl(url)}: the certificate was not accepted`, {
      why: `${code}: ${messageOf(error)}`,
      hint: 'point SSL_CERT_FILE to the PEM bundle of your organisation, or: pip config set global.cert FILE',
      exitCode: EXIT.source,
      cause: error,
    });
  const words = WORDS[code] ?? (code ? `${code}: ${messageOf(error)}` : messageOf(error));
  const isAbsent = ABSENT.has(code) && !isKnown;
  return failure(url, words, { cause: error, ...(isAbsent && { details: { neverAnswered: true } }) });
}

const WORDS: Record<string, string> = {
  ENOTFOUND: 'the name of the host is unknown (ENOTFOUND)',
  EAI_AGAIN: 'the name of the host could not be looked up (EAI_AGAIN): no network?',
  ECONNREFUSED: 'nobody listens there (ECONNREFUSED)',
  ECONNRESET: 'the connection was cut (ECONNRESET)',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the transfer stalled',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'fewer bytes came than were promised',
  ETIMEDOUT: 'no connection in time (ETIMEDOUT)',
  ENETUNREACH: 'the network is unreachable (ENETUNREACH)',
};
