import { EXIT, RigError } from '../kernel/index.ts';
import { redactUrl } from './location.ts';

/**
 * The proxy for an address by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY (lower case first, as curl), or undefined.
 * NO_PROXY: comma- or blank-separated names, each also covering its subdomains, optional port, `*` for all.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): string | undefined {
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const proxy = setting(env, `${scheme}_proxy`) ?? setting(env, 'all_proxy');
  if (!proxy || isExempt(url, setting(env, 'no_proxy') ?? '')) return undefined;
  return proxyAddress(proxy);
}

/** `host:port` becomes `http://host:port`. Throws RIG-STORE-007 when it is no http(s) address. */
export function proxyAddress(text: string): string {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const protocol = URL.canParse(address) ? new URL(address).protocol : '';
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new RigError('RIG-STORE-007', `not a usable proxy: ${redactUrl(address)}`, {
      why: 'only http:// and https:// proxies are supported',
      hint: 'correct HTTP_PROXY and HTTPS_PROXY, or pip config get global.proxy',
      exitCode: EXIT.source,
    });
  return address;
}

function setting(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name] || env[name.toUpperCase()] || undefined;
}

function isExempt(url: URL, list: string): boolean {
  const host = bare(url.hostname);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true;
      const match = /^(.*?)(?::(\d+))?$/.exec(entry);
      const isV6 = entry.includes(':') && (entry.startsWith('[') ? false : entry.split(':').length > 2);
      const name = bare(isV6 ? entry : (match?.[1] ?? '')).replace(/^\*?\./, '');
      const asked = isV6 ? undefined : match?.[2];
      return (host === name || host.endsWith(`.${name}`)) && (asked === undefined || asked === port);
    });
}

function bare(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$/g, '');
}
