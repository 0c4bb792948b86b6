import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { EXIT, RigError, messageOf } from '../kernel/index.ts';
import { type Http, type Location, redactUrl } from '../store/index.ts';

/** A file read in pieces where it lies, without fetching it. */
export interface RemoteFile {
  /** Bytes. */
  size: number;
  /** Exactly `length` bytes from `offset`; throws RIG-SOURCES-010 when there are fewer. */
  read(offset: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens a file over byte ranges (RFC 9110, 14) or on this machine.
 * Throws RIG-SOURCES-010 when the server answers with an error or does not serve ranges.
 */
export async function openRemoteFile(location: Location, http: Http): Promise<RemoteFile> {
  if (location.url.startsWith('file:')) return openLocal(fileURLToPath(location.url));
  const size = await remoteSize(location, http);
  return {
    size,
    async read(offset, length) {
      if (length === 0) return Buffer.alloc(0);
      const answer = await http.fetch(location, {
        headers: { range: `bytes=${offset}-${offset + length - 1}` },
        limit: length,
      });
      if (answer.status !== 206 || answer.body.length !== length)
        throw unreadable(location, `status ${answer.status}, ${answer.body.length} of ${length} bytes`);
      return answer.body;
    },
    close: () => Promise.resolve(),
  };
}

/** Size of a file in bytes, by one byte's range (HEAD is refused by some signed links). Throws RIG-SOURCES-010. */
export async function remoteSize(location: Location, http: Http): Promise<number> {
  if (location.url.startsWith('file:')) {
    const file = await openLocal(fileURLToPath(location.url));
    await file.close();
    return file.size;
  }
  const answer = await http.get(location, { headers: { range: 'bytes=0-0' } });
  const total = /^bytes 0-0\/(\d+)$/.exec(answer.headers['content-range'] ?? '')?.[1];
  const length = answer.headers['content-length'];
  if (answer.status === 206 && total) {
    await answer.body.dump();
    return Number(total);
  }
  answer.body.destroy();
  if (answer.status === 200 && length && !answer.headers['content-type']?.startsWith('text/html'))
    return Number(length);
  throw unreadable(location, `status ${answer.status} for a range of one byte`);
}

async function openLocal(path: string): Promise<RemoteFile> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw unreadable({ url: `file://${path}` }, messageOf(error));
  });
  const { size } = await handle.stat();
  return {
    size,
    async read(offset, length) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      if (bytesRead !== length)
        throw unreadable({ url: `file://${path}` }, `${bytesRead} of ${length} bytes`);
      return buffer;
    },
    close: () => handle.close(),
  };
}

function unreadable(location: Location, why: string): RigError {
  return new RigError('RIG-SOURCES-010', `cannot read ${redactUrl(location.url)} in pieces`, {
    why,
    hint: 'check the package source, then run the same command again',
    exitCode: EXIT.source,
  });
}
