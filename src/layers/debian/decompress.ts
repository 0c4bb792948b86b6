import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { Readable, type Duplex } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import xz from 'xz-decompress';
import { ZSTDDecoder } from 'zstddec/stream';

/** A range of a file. */
export interface FileRange {
  path: string;
  offset: number;
  size: number;
}

export interface DecompressOptions {
  /** Use the machine's xz and zstd where they are found: a third faster, the same bytes. */
  hostPrograms?: boolean;
}

// below this a process costs more than it saves
const WORTH_A_PROCESS = 512 << 10;

function source(range: FileRange): Readable {
  return createReadStream(range.path, {
    start: range.offset,
    end: range.offset + range.size - 1,
    highWaterMark: 256 << 10,
  });
}

// xz hands out 8 KiB at a time: gathered, a tenth of the work remains for all that comes after
const GATHER = 256 << 10;

/** Output of a decompressor program fed with the range, ending in an error when it fails; undefined if the program is not here. */
function through(program: string, args: readonly string[], input: Readable): Promise<Readable | undefined> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  let gathered: Buffer[] = [];
  let size = 0;
  const output = new Readable({
    highWaterMark: 1 << 20,
    read: () => void child.stdout.resume(),
    destroy(error, done) {
      input.destroy();
      child.kill('SIGKILL');
      done(error);
    },
  });
  const flush = (): void => {
    if (size > 0 && !output.push(Buffer.concat(gathered, size))) child.stdout.pause();
    gathered = [];
    size = 0;
  };
  child.stdout.on('data', (chunk: Buffer) => {
    gathered.push(chunk);
    size += chunk.length;
    if (size >= GATHER) flush();
  });
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin.on('error', () => {});
  input.once('error', (error) => output.destroy(error));
  child.once('close', (code) => {
    flush();
    if (code === 0) output.push(null);
    else output.destroy(new Error(`${program}: ${complaint.trim() || `exit code ${code}`}`));
  });
  return new Promise((done) => {
    child.once('error', () => {
      // a program that could not be started is said to have ended, too
      child.removeAllListeners('close');
      input.destroy();
      done(undefined);
    });
    child.once('spawn', () => {
      input.pipe(child.stdin);
      done(output);
    });
  });
}

async function unxz(range: FileRange, host: boolean): Promise<Readable> {
  if (host && range.size >= WORTH_A_PROCESS) {
    const output = await through('xz', ['-dc', '-T1', '--format=xz'], source(range));
    if (output) return output;
  }
  const compressed = Readable.toWeb(source(range));
  return Readable.fromWeb(new xz.XzReadableStream(compressed as ReadableStream<Uint8Array>) as WebStream);
}

// Damaged data makes zstddec go round for ever without a byte: sound data never does so many times.
const IDLE_ROUNDS = 64;

function* unzstdChunks(decoder: ZSTDDecoder, input: Uint8Array[]): Generator<Uint8Array> {
  let idle = 0;
  for (const chunk of decoder.decodeStreaming(input)) {
    idle = chunk.length === 0 ? idle + 1 : 0;
    if (idle > IDLE_ROUNDS) throw new Error('zstd: the data is damaged');
    if (chunk.length > 0) yield chunk;
  }
}

async function unzstd(range: FileRange, host: boolean): Promise<Readable> {
  if (host && range.size >= WORTH_A_PROCESS) {
    const output = await through('zstd', ['-dc', '--quiet'], source(range));
    if (output) return output;
  }
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const input: Uint8Array[] = [];
  for await (const chunk of source(range)) input.push(chunk as Buffer);
  return Readable.from(unzstdChunks(decoder, input));
}

/**
 * The decompressed bytes of a member, streamed. The last suffix of its name says how: `.gz`, `.xz`, `.zst`, or none.
 * Undefined for another suffix. Damage surfaces as an error of the stream.
 */
export async function decompressed(
  range: FileRange,
  suffix: string,
  options: DecompressOptions = {},
): Promise<Readable | undefined> {
  const host = options.hostPrograms ?? true;
  if (suffix === '') return source(range);
  if (suffix === '.xz') return unxz(range, host);
  if (suffix === '.zst') return unzstd(range, host);
  if (suffix !== '.gz') return undefined;
  const gunzip: Duplex = createGunzip();
  const input = source(range);
  input.once('error', (error) => gunzip.destroy(error));
  return input.pipe(gunzip);
}
