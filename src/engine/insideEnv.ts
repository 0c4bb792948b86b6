import type { ImageConfig } from './engine.ts';

/** `K=V` strings as a record; the last one counts. */
export function envRecord(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** The environment that the main command and every exec start from: nothing of the caller's leaks in. */
export function insideEnv(image: ImageConfig, own: Record<string, string>): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    USER: 'root',
    LANG: 'C.UTF-8',
    SHELL: '/bin/bash',
    container: 'torchrig',
    ...envRecord(image.env ?? []),
    ...own,
  };
}
