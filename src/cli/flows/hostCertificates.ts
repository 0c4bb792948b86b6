import { readFile } from 'node:fs/promises';

/** Variables with which a user names a bundle to OpenSSL, requests, curl and Node. */
const NAMED = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'];
/** The system's own bundle: Debian and Alpine, Fedora and RHEL, SUSE, the BSDs. */
const SYSTEM = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const LARGEST = 8 * 2 ** 20;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Every authority that this machine trusts, as one PEM text; undefined when it names none. The union of the system's bundle and
 * those of the environment and of pip (`more`): each client on the host reads its own, inside there is one for all.
 */
export async function hostCertificates(
  env: NodeJS.ProcessEnv,
  more: readonly string[] = [],
): Promise<string | undefined> {
  const named = [...NAMED.map((name) => env[name] ?? ''), ...more].filter((path) => path !== '');
  const texts = await Promise.all([...new Set([...SYSTEM, ...named])].map(readBundle));
  const certificates = new Set(texts.flatMap((text) => text.match(CERTIFICATE) ?? []));
  return certificates.size === 0 ? undefined : `${[...certificates].join('\n')}\n`;
}

/** What cannot be read is left out, as OpenSSL does. */
async function readBundle(path: string): Promise<string> {
  const text = await readFile(path, 'latin1').catch(() => '');
  return text.length > LARGEST ? '' : text;
}
