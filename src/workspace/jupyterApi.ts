import { request } from 'node:http';

/** Where a Jupyter server answers. The token goes into a header only, never into an address or an argument. */
export interface JupyterServer {
  /** 127.0.0.1 unless said. */
  host?: string;
  port: number;
  token: string;
}

export interface ApiAnswer {
  status: number;
  text: string;
}

/** One request to the REST API of a Jupyter server. Rejects when there is no connection or no answer within `timeout` ms. */
export async function askJupyter(
  server: JupyterServer,
  path: string,
  options: { method?: 'GET' | 'POST' | 'DELETE'; body?: unknown; timeout?: number } = {},
): Promise<ApiAnswer> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  return await new Promise((done, fail) => {
    const outgoing = request(
      {
        host: server.host ?? '127.0.0.1',
        port: server.port,
        path,
        method: options.method ?? 'GET',
        headers: {
          authorization: `token ${server.token}`,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
        agent: false,
        timeout: options.timeout ?? 10_000,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', fail);
        incoming.once('end', () =>
          done({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.once('error', fail);
    outgoing.end(body);
  });
}
