import type { EnvironmentStart, PlacedFile } from '../../engine/index.ts';
import { pythonSources } from '../../sources/index.ts';
import type { PythonSources } from '../../sources/index.ts';
import type { Call } from '../outcome.ts';
import { aptFiles } from './aptFiles.ts';
import { layoutOf } from './environment.ts';
import { hostCertificates } from './hostCertificates.ts';

/** Where the authorities that the host trusts are found inside. */
export const CERTIFICATES_INSIDE = '/etc/ssl/torchrig-host.pem';
const PROXIES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
]);
/** OpenSSL and Python's ssl, requests and what is built on it, curl, git, Node. */
const CERTIFICATE_VARIABLES = [
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
];
/** Debian's wget knows no variable for certificates, only one for its settings. */
const WGETRC = '/etc/ssl/torchrig-host.wgetrc';
const HEADER =
  '# Made by rig at every start from the settings of this machine; your own go to ~/.config/pip/pip.conf';

/**
 * Lets pip, apt and all that speaks HTTPS work inside as they do on this machine: package indexes, certificate authorities, proxies.
 * Credentials stand in files that only the environment's root can read, never in arguments.
 */
export async function hostSettings(
  call: Pick<Call, 'env'>,
): Promise<Required<Pick<EnvironmentStart, 'files' | 'env'>>> {
  // A machine without pip has no settings to hand on: pip inside then does what pip does by itself.
  const python = await pythonSources(call.env, layoutOf(call)).catch(() => undefined);
  const bundle = await hostCertificates(call.env, python?.cert ? [python.cert] : []);
  const certificates = bundle === undefined ? undefined : CERTIFICATES_INSIDE;
  const env = Object.fromEntries([
    ...PROXIES.flatMap((name) => (call.env[name] ? [[name, call.env[name]]] : [])),
    ...(certificates ? CERTIFICATE_VARIABLES.map((name) => [name, certificates]) : []),
    ...(certificates ? [['WGETRC', WGETRC]] : []),
  ]) as Record<string, string>;
  return {
    env,
    files: [
      ...(certificates && bundle
        ? [
            { path: certificates, content: bundle },
            { path: WGETRC, content: `ca_certificate = ${certificates}\n` },
          ]
        : []),
      pipFile(python, certificates),
      ...(await aptFiles(call, certificates)),
    ],
  };
}

function pipFile(python: PythonSources | undefined, certificates: string | undefined): PlacedFile {
  const settings: [string, readonly string[]][] = [
    ['index-url', remote([python?.indexUrl])],
    ['extra-index-url', remote(python?.extraIndexUrls ?? [])],
    ['find-links', remote(python?.findLinks ?? [])],
    ['trusted-host', python?.trustedHosts ?? []],
    ['proxy', python?.proxy ? [python.proxy] : []],
    ['cert', certificates ? [certificates] : []],
  ];
  const lines = settings
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `${name} = ${values.join('\n    ')}`);
  const content = [HEADER, '[global]', ...lines, ''].join('\n');
  return { path: '/etc/pip.conf', content, mode: modeOf(settings.flatMap(([, values]) => values)) };
}

/** What lies in a folder of the host is not to be seen inside. */
function remote(urls: readonly (string | undefined)[]): string[] {
  return urls.flatMap((url) => (url !== undefined && /^https?:/i.test(url) ? [url] : []));
}

/** 0600 where an address holds a name, a password or a token. */
function modeOf(urls: readonly string[]): number {
  return urls.some((url) => url.includes('@') || url.includes('?')) ? 0o600 : 0o644;
}
