import { RigError } from '../kernel/index.ts';

/** Is this status or failure likely to pass by itself? Certificates and bad addresses are not. */
export function isPassing(what: unknown): boolean {
  if (typeof what === 'number') return what === 408 || what === 429 || what >= 500;
  if (!(what instanceof RigError)) return true;
  return what.code === 'RIG-STORE-001' && what.cause !== undefined;
}

/** Tries of a place that never answered: a closed port or an unknown name seldom changes within seconds. */
const ABSENT_TRIES = 3;

/** How often in all to try what failed so, given the usual number of tries. */
export function triesFor(failure: unknown, usual: number): number {
  const isAbsent = failure instanceof RigError && failure.details?.['neverAnswered'] === true;
  return isAbsent ? Math.min(usual, ABSENT_TRIES) : usual;
}

/** Milliseconds of a Retry-After header (seconds or a date), at most 30 s. */
export function retryAfter(headers: Readonly<Record<string, string>>): number | undefined {
  const text = headers['retry-after'];
  if (!text) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), 30_000) : undefined;
}

/** Sleeps; rejects with the signal's reason when it aborts. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      fail(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      done();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
