import { run } from '../kernel/index.ts';
import { onPath } from './onPath.ts';

/** apt's settings that matter for fetching. */
export interface AptConfig {
  checkValidUntil: boolean;
  /** The proxy for an address: `direct`, an address, or undefined where apt says nothing (then HTTP_PROXY rules). */
  proxyFor(url: URL): string | undefined;
}

/** Asks `apt-config dump`; without apt, the defaults. */
export async function readAptConfig(env: NodeJS.ProcessEnv): Promise<AptConfig> {
  const program = await onPath('apt-config', env);
  const result = program
    ? await run(program, ['dump'], { env, timeout: 10_000 }).catch(() => undefined)
    : undefined;
  return parseAptConfig(result?.stdout ?? '');
}

/** `Acquire::http::Proxy "http://..."; Acquire::http::Proxy::HOST "DIRECT";` (apt.conf(5)); https falls back on http's setting. */
export function parseAptConfig(dump: string): AptConfig {
  const settings = new Map<string, string>();
  for (const match of dump.matchAll(/^(\S+) "(.*)";$/gm))
    settings.set((match[1] ?? '').toLowerCase(), match[2] ?? '');
  const said = (scheme: string, host: string): string | undefined =>
    settings.get(`acquire::${scheme}::proxy::${host}`) ||
    settings.get(`acquire::${scheme}::proxy`) ||
    undefined;
  return {
    checkValidUntil: !/^(false|no|0|off)$/i.test(settings.get('acquire::check-valid-until') ?? ''),
    proxyFor(url) {
      const scheme = url.protocol.slice(0, -1);
      const host = url.hostname.toLowerCase();
      const proxy = said(scheme, host) ?? (scheme === 'https' ? said('http', host) : undefined);
      return proxy?.toUpperCase() === 'DIRECT' ? 'direct' : proxy;
    },
  };
}
