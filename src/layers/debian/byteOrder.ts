// eslint-disable-next-line no-control-regex -- the range is meant
const PLAIN = /^[\0-\x7f]*$/;

/** Order of two texts by their UTF-8 bytes, as the C locale sorts. */
export function byteOrder(a: string, b: string): number {
  if (PLAIN.test(a) && PLAIN.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
