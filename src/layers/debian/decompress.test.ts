import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { decompressed } from './decompress.ts';

// 1.3 MB that compress to more than the size from which the machine's own programs are used
const plain = Buffer.from(randomBytes(500_000).toString('hex') + 'the end\n'.repeat(40_000));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const missing = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined;

let at: string;
beforeAll(async () => {
  at = await mkdtemp(join(tmpdir(), 'rig-decompress-'));
});
afterAll(() => rm(at, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const compressors = {
  '.xz': () => spawnSync('xz', ['-1c'], { input: plain, maxBuffer: 2 ** 24 }).stdout,
  '.zst': () => spawnSync('zstd', ['-qc'], { input: plain, maxBuffer: 2 ** 24 }).stdout,
  '.gz': () => gzipSync(plain, { level: 1 }),
  '': () => plain,
};
type Suffix = keyof typeof compressors;

async function roundTrip(suffix: Suffix, hostPrograms: boolean, cut = 0): Promise<string> {
  return unpacked(compressors[suffix](), suffix, { hostPrograms, cut });
}

async function unpacked(
  packed: Buffer,
  suffix: Suffix,
  { hostPrograms = true, cut = 0 } = {},
): Promise<string> {
  const path = join(at, `data${suffix}`);
  // in the middle of a file, as the member of an archive is
  await writeFile(path, Buffer.concat([Buffer.from('before'), packed, Buffer.from('after')]));
  const stream = await decompressed({ path, offset: 6, size: packed.length - cut }, suffix, { hostPrograms });
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return sha256(Buffer.concat(chunks));
}

describe('decompressed', () => {
  const rows: [Suffix, string][] = [
    ['.xz', 'xz'],
    ['.zst', 'zstd'],
    ['.gz', 'node'],
    ['', 'node'],
  ];
  for (const [suffix, program] of rows) {
    const skip = missing(program);
    const because = skip ? ` (skipped: no ${program} here to compress with)` : '';
    it.skipIf(skip)(
      `gives the bytes of ${suffix || 'a plain member'}, with and without the machine's programs${because}`,
      async () => {
        expect(await roundTrip(suffix, true)).toBe(sha256(plain));
        expect(await roundTrip(suffix, false)).toBe(sha256(plain));
      },
    );
    if (suffix === '') continue;
    it.skipIf(skip)(
      `gives the bytes of ${suffix} where the machine has no program for it${because}`,
      async () => {
        const packed = compressors[suffix]();
        vi.stubEnv('PATH', at);
        expect(await unpacked(packed, suffix)).toBe(sha256(plain));
      },
    );
    it.skipIf(skip)(`fails on a cut ${suffix}${because}`, async () => {
      await expect(roundTrip(suffix, true, 1000)).rejects.toThrow(
        /unexpected|incomplete|end|premature|input|truncated|error code/i,
      );
      await expect(roundTrip(suffix, false, 1000)).rejects.toThrow(
        /unexpected|incomplete|end|premature|input|truncated|error code/i,
      );
    });
  }
  it('knows no other suffix', async () => {
    expect(await decompressed({ path: at, offset: 0, size: 1 }, '.bz2')).toBeUndefined();
  });
});
