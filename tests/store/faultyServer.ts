import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a path of the test server behaves. */
export interface Behaviour {
  body?: Buffer | string;
  type?: string;
  headers?: Record<string, string>;
  status?: number;
  /** Answer this status so many times before behaving. */
  failFirst?: { times: number; status: number; headers?: Record<string, string> };
  /** Serve ranges (default true). */
  ranges?: boolean;
  /** Cut the connection after so many bytes of each answer. */
  cutAfter?: number;
  /** Only the first so many answers are cut. */
  cutTimes?: number;
  /** Send so many bytes, then nothing more. */
  stallAfter?: number;
  /** Promise another Content-Length than is sent. */
  promise?: number;
  /** Milliseconds between blocks of 64 KiB. */
  drip?: number;
  redirect?: string;
  /** Answer 401 unless this Authorization comes. */
  authorization?: string;
}

export interface FaultyServer {
  url: string;
  /** Behaviour by path. */
  at: Map<string, Behaviour>;
  /** What was asked, in order. */
  requests: {
    path: string;
    range: string | undefined;
    authorization: string | undefined;
    ifRange: string | undefined;
  }[];
  close(): Promise<void>;
}

/** A real HTTP server on a loopback port that misbehaves as told. */
export async function faultyServer(): Promise<FaultyServer> {
  const at = new Map<string, Behaviour>();
  const requests: FaultyServer['requests'] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/');
    const { range, authorization } = request.headers;
    requests.push({ path, range, authorization, ifRange: request.headers['if-range'] as string | undefined });
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    const behaviour = at.get(path);
    if (behaviour) void answer(request, response, { behaviour, count });
    else response.writeHead(404).end('not here');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    at,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  given: { behaviour: Behaviour; count: number },
): Promise<void> {
  const { behaviour, count } = given;
  if (behaviour.authorization && request.headers.authorization !== behaviour.authorization)
    return void response.writeHead(401).end();
  if (behaviour.redirect) return void response.writeHead(302, { location: behaviour.redirect }).end();
  if (behaviour.failFirst && count <= behaviour.failFirst.times)
    return void response.writeHead(behaviour.failFirst.status, behaviour.failFirst.headers).end('failing');
  const whole = Buffer.from(behaviour.body ?? '');
  const wanted = behaviour.ranges === false ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const validator = behaviour.headers?.['etag'];
  const isSame = !request.headers['if-range'] || request.headers['if-range'] === validator;
  const from = wanted && isSame ? Number(wanted[1]) : 0;
  const to = wanted && isSame && wanted[2] ? Math.min(Number(wanted[2]) + 1, whole.length) : whole.length;
  if (from >= whole.length && whole.length > 0) return void response.writeHead(416).end();
  const body = whole.subarray(from, to);
  response.writeHead(behaviour.status ?? (wanted && isSame ? 206 : 200), {
    'content-type': behaviour.type ?? 'application/octet-stream',
    'content-length': behaviour.promise ?? body.length,
    ...(wanted && isSame && { 'content-range': `bytes ${from}-${to - 1}/${whole.length}` }),
    ...behaviour.headers,
  });
  if (request.method === 'HEAD') return void response.end();
  const isCut = behaviour.cutAfter !== undefined && count <= (behaviour.cutTimes ?? Number.POSITIVE_INFINITY);
  const limit = (isCut ? behaviour.cutAfter : behaviour.stallAfter) ?? body.length;
  for (let sent = 0; sent < Math.min(limit, body.length); sent += 65_536) {
    if (response.destroyed) return;
    const block = body.subarray(sent, Math.min(sent + 65_536, limit));
    if (!response.write(block)) await drained(response);
    if (behaviour.drip) await new Promise((done) => setTimeout(done, behaviour.drip));
  }
  if (isCut) setTimeout(() => response.destroy(), 10);
  else if (behaviour.stallAfter === undefined) response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((done) => {
    const go = (): void => {
      response.off('drain', go).off('close', go);
      done();
    };
    response.on('drain', go).on('close', go);
  });
}
