import { open } from 'node:fs/promises';
import { EXIT, RigError } from '../kernel/index.ts';
import { redactUrl } from '../store/index.ts';
import type { Http, HttpAnswer, Location } from '../store/index.ts';

/** Bytes of a file by position, wherever it lies. */
export interface RangeReader {
  /** Bytes. */
  size: number;
  /** Exactly `length` bytes from `offset`; asking past the end is an error. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

const outside = (name: string, offset: number, length: number): RigError =>
  new RigError('RIG-COMPAT-010', `${name} ends before byte ${offset + length}`, {
    why: 'The archive names bytes that it does not have: it is cut short or not a wheel.',
    exitCode: EXIT.source,
  });

/** A local file. */
export async function fileReader(path: string): Promise<RangeReader> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  return {
    size,
    async read(offset, length) {
      if (offset < 0 || offset + length > size) throw outside(path, offset, length);
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(buffer, 0, length, offset);
      if (bytesRead !== length) throw outside(path, offset, length);
      return buffer;
    },
    close: () => handle.close(),
  };
}

async function bodyOf(answer: HttpAnswer, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let have = 0;
  for await (const part of answer.body) {
    have += part.length;
    if (have > length) break;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const refused = (location: Location, status: number): RigError =>
  new RigError(
    'RIG-COMPAT-011',
    `${redactUrl(location.url)} does not serve parts of a file (HTTP ${status})`,
    {
      why: 'Reading a release out of its wheel needs range requests; the wheel as a whole is hundreds of MB.',
      exitCode: EXIT.source,
    },
  );

/**
 * A file behind HTTP range requests (RFC 9110, 14). Retries are the client's.
 * @throws RigError RIG-COMPAT-011 where ranges are not served
 */
export async function httpReader(http: Http, location: Location): Promise<RangeReader> {
  const ask = async (range: string): Promise<HttpAnswer> => {
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await http.get(location, { headers: { range } });
        if (answer.status < 500 || attempt >= 3) return answer;
        await answer.body.dump();
      } catch (error) {
        if (attempt >= 3) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** attempt));
    }
  };
  const first = await ask('bytes=0-0');
  const size = Number(/\/(\d+)$/.exec(first.headers['content-range'] ?? '')?.[1]);
  if (first.status !== 206 || !Number.isSafeInteger(size)) {
    first.body.destroy();
    throw refused(location, first.status);
  }
  await first.body.dump();
  return {
    size,
    async read(offset, length) {
      if (offset < 0 || offset + length > size) throw outside(redactUrl(location.url), offset, length);
      for (let attempt = 0; ; attempt++) {
        const answer = await ask(`bytes=${offset}-${offset + length - 1}`);
        if (answer.status !== 206) {
          answer.body.destroy();
          throw refused(location, answer.status);
        }
        try {
          const body = await bodyOf(answer, length);
          if (body.length === length) return body;
        } catch (error) {
          if (attempt >= 3) throw error;
        }
        if (attempt >= 3) throw outside(redactUrl(location.url), offset, length);
      }
    },
    close: () => Promise.resolve(),
  };
}
