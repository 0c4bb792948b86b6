import { describe, expect, it } from 'vitest';
import { Tail } from './tail.ts';

describe('Tail', () => {
  it('keeps the end of what it was given, however it came, and no more', () => {
    const all = Buffer.from(Array.from({ length: 300_000 }, (_unused, index) => `${index} `).join(''));
    for (const size of [1 << 10, 100_003, all.length]) {
      const tail = new Tail();
      for (let at = 0; at < all.length; at += size) tail.add(all.subarray(at, at + size));
      const text = tail.text();
      expect(text).toHaveLength(1 << 18);
      expect(all.toString().endsWith(text)).toBe(true);
    }
    const short = new Tail();
    short.add(Buffer.from('a'));
    expect(short.text()).toBe('a');
  });
});
