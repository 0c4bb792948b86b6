import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ByteReader } from './byteReader.ts';
import { createInflater, InflateFault, plainInflater, type Inflater } from './inflater.ts';

const memory = (bytes: Buffer): ByteReader => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
  close: () => {},
});

function inflate(inflater: Inflater, bytes: Buffer, size: number): Buffer {
  const chunks: Buffer[] = [];
  const range = { reader: memory(bytes), offset: 0, length: bytes.length, size };
  inflater.inflate(range, (chunk) => chunks.push(Buffer.from(chunk)));
  return Buffer.concat(chunks);
}

const noise = Buffer.from(Array.from({ length: 1_200_001 }, (_, at) => (at * at * 31) >> ((at >> 9) % 17)));

describe.each([
  ['fast', createInflater()],
  ['plain', plainInflater()],
])('%s inflater', (_name, inflater) => {
  it.each([0, 1, 1 << 20, noise.length])('gives %i bytes back', (size) => {
    const content = noise.subarray(0, size);
    expect(inflate(inflater, deflateRawSync(content), size).equals(content)).toBe(true);
  });
  it('refuses a cut stream, and works again afterwards', () => {
    const stream = deflateRawSync(noise);
    expect(() => inflate(inflater, stream.subarray(0, -1), noise.length)).toThrow(InflateFault);
    expect(inflate(inflater, stream, noise.length).length).toBe(noise.length);
  });
  it('refuses bytes behind the stream', () => {
    const stream = Buffer.concat([deflateRawSync(noise), Buffer.from('x')]);
    expect(() => inflate(inflater, stream, noise.length)).toThrow('other bytes');
    const early = Buffer.concat([deflateRawSync(Buffer.from('a')), Buffer.alloc(600_000)]);
    expect(() => inflate(inflater, early, 1)).toThrow('other bytes');
  });
  it('refuses more or less than declared', () => {
    const stream = deflateRawSync(noise);
    expect(() => inflate(inflater, stream, noise.length - 1)).toThrow(InflateFault);
    expect(() => inflate(inflater, stream, noise.length + 1)).toThrow(InflateFault);
  });
  it('refuses garbage', () => {
    expect(() => inflate(inflater, Buffer.alloc(100, 0xff), 100)).toThrow(InflateFault);
    expect(() => inflate(inflater, Buffer.alloc(0), 0)).toThrow(InflateFault);
  });
});

it('this Node has the fast inflater', () => {
  let chunks = 0;
  const stream = deflateRawSync(noise);
  const range = { reader: memory(stream), offset: 0, length: stream.length, size: noise.length };
  createInflater().inflate(range, () => (chunks += 1));
  expect(chunks).toBeGreaterThan(1);
});
