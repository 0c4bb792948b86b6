import { describe, expect, it } from 'vitest';
import { explainStream } from '../../src/doctor/index.ts';

const MIB = 2 ** 20;

/** `size` bytes of an ordinary training log with one known problem near its end. */
function* longLog(size: number): Generator<Buffer> {
  const line =
    '2026-11-21 12:00:00 INFO  epoch 3 step 104500 loss 0.4213 lr 1.0e-04 tokens/s 184021 memory 61.2 GiB\n';
  const block = Buffer.from(line.repeat(Math.ceil(MIB / line.length)));
  for (let sent = 0; sent < size; sent += block.length) yield block;
  yield Buffer.from('RuntimeError: DataLoader worker (pid 77) is killed by signal: Bus error. \n');
}

describe('explainStream', () => {
  it('finds the one line in 200 MB, in bounded memory', async () => {
    const before = process.memoryUsage.rss();
    let peak = before;
    async function* watched(): AsyncGenerator<Buffer> {
      for (const block of longLog(200 * MIB)) {
        peak = Math.max(peak, process.memoryUsage.rss());
        yield block;
      }
    }
    const started = performance.now();
    const found = await explainStream(watched());
    const seconds = (performance.now() - started) / 1000;
    expect(found).toMatchObject([{ id: 'shm_dataloader', seen: { count: 1 } }]);
    expect(found[0]?.seen?.line).toBeGreaterThan(1_900_000);
    expect((peak - before) / MIB).toBeLessThan(150);
    expect(seconds).toBeLessThan(30);
  });
});
