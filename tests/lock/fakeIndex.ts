import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A release that the index of a test offers. */
export interface FakeRelease {
  name: string;
  version: string;
  /** Requires-Dist lines. */
  needs?: string[];
  /** Tags of its wheels; default `py3-none-any`. */
  tags?: string[];
  /** Offer a source archive only. */
  sourceOnly?: boolean;
  /** Give an old md5 instead of a sha256. */
  weakHash?: boolean;
  /** Withdrawn (PEP 592). */
  yanked?: boolean;
  requiresPython?: string;
}

export interface FakeIndex {
  /** Simple API root, without credentials. */
  url: string;
  /** Paths that were asked for. */
  asked: string[];
  /** sha256 of a file it offers. */
  sha256(file: string): string;
  close(): Promise<void>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const filesOf = ({ name, version, tags, sourceOnly }: FakeRelease): string[] => {
  const stem = `${name.replaceAll('-', '_')}-${version}`;
  return sourceOnly ? [`${stem}.tar.gz`] : (tags ?? ['py3-none-any']).map((tag) => `${stem}-${tag}.whl`);
};

// The bytes of a wheel do not matter here: uv reads the metadata beside it (PEP 658).
const bytesOf = (file: string): string => `content of ${file}`;
const metadataOf = ({ name, version, needs }: FakeRelease): string =>
  ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${version}`]
    .concat((needs ?? []).map((need) => `Requires-Dist: ${need}`))
    .join('\n');

function pageOf(releases: readonly FakeRelease[]): string {
  const links = releases.flatMap((release) =>
    filesOf(release).map((file) => {
      const hash = release.weakHash ? `#md5=${'0'.repeat(32)}` : `#sha256=${sha256(bytesOf(file))}`;
      const metadata = `data-core-metadata="sha256=${sha256(metadataOf(release))}"`;
      const python = release.requiresPython?.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
      const attributes = [
        metadata,
        ...(release.yanked ? ['data-yanked=""'] : []),
        ...(python ? [`data-requires-python="${python}"`] : []),
      ].join(' ');
      return `<a href="/files/${encodeURIComponent(file)}${hash}" ${attributes}>${file}</a>`;
    }),
  );
  return `<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`;
}

/** A package index on 127.0.0.1 with the given releases; with `login` it wants it (RFC 7617), `delay` in milliseconds. */
export async function startFakeIndex(
  releases: FakeRelease[],
  options: { login?: string; delay?: number } = {},
): Promise<FakeIndex> {
  const asked: string[] = [];
  const wanted = options.login && `Basic ${Buffer.from(options.login).toString('base64')}`;
  const answer = (path: string): { type: string; body: string } | undefined => {
    const project = /^\/simple\/([^/]+)\/$/.exec(path)?.[1];
    if (project !== undefined) {
      const own = releases.filter((each) => each.name === project);
      return own.length > 0 ? { type: 'text/html', body: pageOf(own) } : undefined;
    }
    const file = /^\/files\/(.+?)(\.metadata)?$/.exec(path);
    const release = releases.find((each) => filesOf(each).includes(file?.[1] ?? ''));
    if (!file?.[1] || !release) return undefined;
    return { type: 'application/octet-stream', body: file[2] ? metadataOf(release) : bytesOf(file[1]) };
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push(path);
    const reply = (): void => {
      if (wanted && request.headers.authorization !== wanted) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
        return;
      }
      const found = answer(path);
      if (!found) {
        response.writeHead(404).end();
        return;
      }
      const bytes = Buffer.from(found.body);
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
      const headers = { 'content-type': found.type, 'accept-ranges': 'bytes' };
      if (!range) {
        response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
        return;
      }
      const from = Number(range[1]);
      const part = bytes.subarray(from, range[2] ? Number(range[2]) + 1 : undefined);
      response
        .writeHead(206, {
          ...headers,
          'content-length': part.length,
          'content-range': `bytes ${from}-${from + part.length - 1}/${bytes.length}`,
        })
        .end(part);
    };
    setTimeout(reply, options.delay ?? 0).unref();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/simple`,
    asked,
    sha256: (file) => sha256(bytesOf(file)),
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
