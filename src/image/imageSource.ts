import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { messageOf, RigError } from '../kernel/index.ts';
import { TarScanner } from './tarScanner.ts';

/** Files of an image on disk, whether they lie in a folder or in an archive. */
export interface ImageSource {
  /** Whole small file, undefined when there is none. Refuses files over 16 MiB. */
  text(path: string): Promise<string | undefined>;
  size(path: string): Promise<number | undefined>;
  /** Throws when there is no such file. */
  stream(path: string): AsyncIterable<Buffer>;
}

const MAX_TEXT = 16 << 20;
const CHUNK = 1 << 20;

/** Opens an OCI layout folder, or a tar archive of one, or a docker archive. Throws RIG-IMAGE-003. */
export async function openImageSource(path: string): Promise<ImageSource> {
  const facts = await stat(path).catch((error: unknown) => {
    throw notAnImage(path, messageOf(error));
  });
  return facts.isDirectory() ? folderSource(path) : archiveSource(path);
}

export function notAnImage(path: string, why: string): RigError {
  return new RigError('RIG-IMAGE-003', `${path} is not an image`, { why });
}

function folderSource(folder: string): ImageSource {
  const sizeOf = async (path: string): Promise<number | undefined> => {
    const facts = await stat(join(folder, path)).catch(() => undefined);
    return facts?.isFile() ? facts.size : undefined;
  };
  return {
    size: sizeOf,
    async text(path) {
      const size = await sizeOf(path);
      return size === undefined || size > MAX_TEXT ? undefined : readFile(join(folder, path), 'utf8');
    },
    stream: (path) => createReadStream(join(folder, path), { highWaterMark: CHUNK }) as AsyncIterable<Buffer>,
  };
}

async function archiveSource(file: string): Promise<ImageSource> {
  const members = await indexArchive(file);
  const stream = (path: string): AsyncIterable<Buffer> => {
    const member = members.get(path);
    if (!member) throw new Error(`${path} is not in the archive`);
    if (member.size === 0) return Readable.from([]);
    const { offset: start, size } = member;
    return createReadStream(file, {
      start,
      end: start + size - 1,
      highWaterMark: CHUNK,
    }) as AsyncIterable<Buffer>;
  };
  return {
    size: (path) => Promise.resolve(members.get(path)?.size),
    stream,
    async text(path) {
      const size = members.get(path)?.size;
      if (size === undefined || size > MAX_TEXT) return undefined;
      const parts: Buffer[] = [];
      for await (const chunk of stream(path)) parts.push(chunk);
      return Buffer.concat(parts).toString();
    },
  };
}

/** Where the members of an archive are; reads headers only. */
async function indexArchive(file: string): Promise<Map<string, { offset: number; size: number }>> {
  const members = new Map<string, { offset: number; size: number }>();
  const handle = await open(file, 'r');
  try {
    let skip = 0;
    let at = 0;
    const problems: string[] = [];
    const scanner = new TarScanner(
      (member) => {
        if (member.type === 'file')
          members.set(member.path.replace(/^\.\//, ''), { offset: at, size: member.size });
        skip = member.type === 'file' ? Math.ceil(member.size / 512) * 512 : 0;
      },
      (what) => problems.push(what),
    );
    const block = Buffer.alloc(512);
    const { size } = await handle.stat();
    while (at < size && problems.length === 0) {
      await handle.read(block, 0, 512, at);
      at += 512;
      skip = 0;
      scanner.feed(block);
      if (skip > 0) {
        scanner.skip();
        at += skip;
      }
    }
    if (problems.length > 0 || members.size === 0)
      throw notAnImage(file, problems[0] ?? 'it is an empty archive');
  } finally {
    await handle.close();
  }
  return members;
}
