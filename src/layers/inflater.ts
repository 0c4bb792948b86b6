import { constants, createInflateRaw, inflateRawSync } from 'node:zlib';
import type { ByteReader } from './byteReader.ts';

/** Where a raw deflate stream is and what it must give. */
export interface DeflateRange {
  reader: ByteReader;
  offset: number;
  /** Bytes of the stream, all of them: anything behind its last block is refused. */
  length: number;
  /** Bytes it inflates to, exactly. */
  size: number;
}

export interface Inflater {
  /** Feeds the sink chunk by chunk; a chunk is valid until the sink returns. Throws InflateFault. */
  inflate(range: DeflateRange, sink: (chunk: Buffer) => void): void;
}

/** A stream that is damaged, cut off, too long, or followed by other bytes. */
export class InflateFault extends Error {
  override readonly name = 'InflateFault';
}

const CHUNK = 256 * 1024;
const OUTPUT = 1 << 20;

/** What a zlib stream object of Node carries inside: one synchronous step with buffers of our choice. */
interface StepHandle {
  onerror: (message: string) => void;
  reset(): void;
  writeSync(
    flush: number,
    input: Buffer,
    inputOffset: number,
    inputLength: number,
    output: Buffer,
    outputOffset: number,
    outputLength: number,
  ): void;
}

// Public zlib calls make a new output buffer each time, and the page faults of that cost as much as inflating. The handle inside
// the stream object works on one buffer again and again. It is not a documented interface, so it is tried first, and without it
// whole entries are inflated by the documented call.
function stepHandle(): { handle: StepHandle; state: Uint32Array } | undefined {
  const stream = createInflateRaw() as unknown as { _handle?: StepHandle; _writeState?: Uint32Array };
  const { _handle: handle, _writeState: state } = stream;
  if (typeof handle?.writeSync !== 'function' || typeof handle.reset !== 'function') return undefined;
  return state instanceof Uint32Array && state.length === 2
    ? Object.assign(stream, { handle, state })
    : undefined;
}

// A fixed-Huffman block holding "rig".
const PROBE = Buffer.from([0x2b, 0xca, 0x4c, 0x07, 0x00]);

/** The fast inflater where this Node has it, else the plain one; both accept and refuse the same streams. */
export function createInflater(): Inflater {
  const fast = steppingInflater();
  if (!fast) return plainInflater();
  try {
    let text = '';
    const reader: ByteReader = { size: PROBE.length, read: () => PROBE, close: () => {} };
    fast.inflate({ reader, offset: 0, length: PROBE.length, size: 3 }, (chunk) => (text += chunk.toString()));
    return text === 'rig' ? fast : plainInflater();
  } catch {
    return plainInflater();
  }
}

function steppingInflater(): Inflater | undefined {
  const found = stepHandle();
  if (!found) return undefined;
  const { handle, state } = found;
  const output = Buffer.allocUnsafeSlow(OUTPUT);
  let fault: string | undefined;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- not an event target
  handle.onerror = (message) => (fault = message);
  return {
    inflate({ reader, offset, length, size }, sink) {
      handle.reset();
      fault = undefined;
      let produced = 0;
      for (let consumed = 0; consumed < length;) {
        const input = reader.read(offset + consumed, Math.min(CHUNK, length - consumed));
        if (input.length === 0) throw new InflateFault('the file ends before the stream');
        consumed += input.length;
        const flush = consumed === length ? constants.Z_FINISH : constants.Z_NO_FLUSH;
        let left = input.length;
        do {
          handle.writeSync(flush, input, input.length - left, left, output, 0, OUTPUT);
          if (fault !== undefined) throw new InflateFault(fault);
          left = state[1] ?? 0;
          const got = OUTPUT - (state[0] ?? 0);
          produced += got;
          if (produced > size) throw new InflateFault(`more than the declared ${size} bytes come out`);
          if (got > 0) sink(output.subarray(0, got));
        } while (state[0] === 0);
        if (left > 0) throw new InflateFault('other bytes follow the stream');
      }
      if (produced !== size || length === 0)
        throw new InflateFault(`${produced} bytes come out instead of ${size}`);
    },
  };
}

/** By documented calls alone: holds a whole entry in memory. */
export function plainInflater(): Inflater {
  return {
    inflate({ reader, offset, length, size }, sink) {
      const input = Buffer.allocUnsafe(length);
      let got = 0;
      while (got < length) {
        const chunk = reader.read(offset + got, Math.min(CHUNK, length - got));
        if (chunk.length === 0) throw new InflateFault('the file ends before the stream');
        got += chunk.copy(input, got);
      }
      const content = inflateWhole(input, size);
      if (content.length !== size)
        throw new InflateFault(`${content.length} bytes come out instead of ${size}`);
      if (size > 0) sink(content);
    },
  };
}

function inflateWhole(input: Buffer, size: number): Buffer {
  try {
    const { buffer, engine } = inflateRawSync(input, {
      maxOutputLength: size + 1,
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    if (engine.bytesWritten !== input.length) throw new InflateFault('other bytes follow the stream');
    return buffer;
  } catch (error) {
    if (error instanceof InflateFault) throw error;
    throw new InflateFault(error instanceof Error ? error.message : String(error));
  }
}
