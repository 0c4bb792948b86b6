/** Runs both parts at once; when one fails, the other is stopped. Throws the failure, or the reason of `signal`. */
export async function both<A, B>(
  signal: AbortSignal | undefined,
  parts: [(signal: AbortSignal) => Promise<A>, (signal: AbortSignal) => Promise<B>],
): Promise<[A, B]> {
  const stop = new AbortController();
  const any = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const guarded = async <T>(part: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await part(any);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const [first, second] = await Promise.allSettled([guarded(parts[0]), guarded(parts[1])]);
  signal?.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
  return [(first as PromiseFulfilledResult<A>).value, (second as PromiseFulfilledResult<B>).value];
}
