import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';

/** What is done with one member's bytes. Both are called synchronously; a throw ends the reading. */
export interface MemberSink {
  write(chunk: Uint8Array): void;
  end(): void;
}

/**
 * Reads a tar from a stream, calling `visit` for every member in order; it returns what takes the bytes, or undefined to skip them.
 * Rejects with what `visit` or the sink threw, or with the damage found in the stream or the tar. One chunk of memory.
 */
export async function readTar(
  source: Readable,
  visit: (header: Header) => MemberSink | undefined,
): Promise<void> {
  const tar = extract();
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  };
  const guarded = (work: () => void): void => {
    try {
      if (failure === undefined) work();
    } catch (error) {
      fail(error);
    }
  };
  tar.on('entry', (header, stream, next) => {
    let sink: MemberSink | undefined;
    guarded(() => (sink = visit(header)));
    stream.on('data', (chunk) => guarded(() => sink?.write(chunk as Uint8Array)));
    stream.on('error', () => {});
    stream.on('end', () => {
      guarded(() => sink?.end());
      next();
    });
  });
  source.once('error', fail);
  const closed = new Promise<void>((done) => {
    tar.once('error', (error) => (failure ??= error));
    tar.once('close', done);
  });
  source.pipe(tar);
  await closed;
  source.destroy();
  if (failure !== undefined) throw failure;
}
