import type { PlacedFile } from '../../engine/index.ts';
import { APT_SOURCES_PATH, aptSources } from '../../layers/index.ts';
import { debianSources } from '../../sources/index.ts';
import type { Call } from '../outcome.ts';

const CONFIG_PATH = '/etc/apt/apt.conf.d/95torchrig';
const AUTH_PATH = '/etc/apt/auth.conf.d/torchrig.conf';

/**
 * apt's sources, proxy and credentials inside, from this machine's own settings; without any apt itself says so.
 * `certificates`: path inside of the authorities to trust.
 */
export async function aptFiles(
  call: Pick<Call, 'env'>,
  certificates: string | undefined,
  codename = 'bookworm',
): Promise<PlacedFile[]> {
  const sources = await debianSources(call.env).catch(() => undefined);
  const debian = remote(sources?.mirrors.debian);
  const security = remote(sources?.mirrors['debian-security']);
  const mirrors = [
    ...(debian ? [{ uri: debian, suites: [codename, `${codename}-updates`] }] : []),
    ...(security ? [{ uri: security, suites: [`${codename}-security`] }] : []),
  ];
  const locations = mirrors.map(({ uri }) => sources?.at(uri, 'dists')).filter((each) => each !== undefined);
  const config = configText(locations, certificates);
  const auth = locations.flatMap(authLine);
  return [
    ...(mirrors.length === 0 ? [] : [placed(`/${APT_SOURCES_PATH}`, aptSources(mirrors))]),
    placed(CONFIG_PATH, config),
    ...(auth.length === 0 ? [] : [{ path: AUTH_PATH, content: `${auth.join('\n')}\n`, mode: 0o600 }]),
  ];
}

/** A mirror in a folder of the host is not to be seen inside. */
function remote(roots: readonly string[] = []): string | undefined {
  return roots.find((root) => /^https?:/i.test(root));
}

type Location = ReturnType<Awaited<ReturnType<typeof debianSources>>['at']>;

/** apt.conf(5): proxies by host, as asked for on this machine. */
function configText(locations: readonly Location[], certificates: string | undefined): string {
  const proxies = locations.flatMap(({ url, via }) => {
    const { protocol, hostname } = new URL(url);
    const proxy = via?.proxy === 'direct' ? 'DIRECT' : via?.proxy;
    return proxy === undefined ? [] : [`Acquire::${protocol.slice(0, -1)}::Proxy::${hostname} "${proxy}";`];
  });
  return [
    '// Made by rig at every start from the settings of this machine',
    ...(certificates ? [`Acquire::https::CaInfo "${certificates}";`] : []),
    ...new Set(proxies),
    '',
  ].join('\n');
}

/** apt_auth.conf(5) */
function authLine({ url, headers }: Location): string[] {
  const [kind, value] = (headers?.['authorization'] ?? '').split(' ');
  if (kind?.toLowerCase() !== 'basic' || !value) return [];
  const [login = '', ...password] = Buffer.from(value, 'base64').toString().split(':');
  const { host, pathname } = new URL(url);
  return [`machine ${host}${pathname.replace(/dists$/, '')} login ${login} password ${password.join(':')}`];
}

/** Only root reads it where an address holds a name and a password. */
function placed(path: string, content: string): PlacedFile {
  return { path, content, mode: /:\/\/[^/\s"]*@/.test(content) ? 0o600 : 0o644 };
}
