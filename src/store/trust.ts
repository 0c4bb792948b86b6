import { readFile } from 'node:fs/promises';
import type { SecureContext } from 'node:tls';
import { EXIT, RigError, messageOf } from '../kernel/index.ts';

/** Variables with which pip, curl, OpenSSL and Node name extra certificate bundles. */
const BUNDLE_VARIABLES = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'];

/**
 * The certificates to trust: Node's own roots and every PEM bundle named by the environment or by `more`.
 * Made once and shared by all connections, because reading a bundle costs 10 ms.
 * Throws RIG-STORE-006 for a bundle of `more` that cannot be read; one of the environment is then left out, as OpenSSL does.
 */
export async function trustContext(
  env: NodeJS.ProcessEnv,
  more: readonly string[] = [],
): Promise<SecureContext> {
  const tls = await import('node:tls');
  const texts = new Map<string, string>();
  for (const name of BUNDLE_VARIABLES) {
    const path = env[name];
    if (path) texts.set(path, await readFile(path, 'utf8').catch(() => ''));
  }
  for (const path of more) {
    try {
      texts.set(path, await readFile(path, 'utf8'));
    } catch (error) {
      throw new RigError('RIG-STORE-006', `cannot read the certificate bundle ${path}`, {
        why: messageOf(error),
        hint: 'correct SSL_CERT_FILE, or pip config set global.cert FILE',
        exitCode: EXIT.source,
      });
    }
  }
  const bundles = [...texts.values()].filter((text) => text.includes('-----BEGIN'));
  try {
    return tls.createSecureContext({ ca: [...tls.rootCertificates, ...bundles] });
  } catch (error) {
    throw new RigError('RIG-STORE-006', `a certificate bundle is damaged: ${[...texts.keys()].join(', ')}`, {
      why: messageOf(error),
      hint: 'correct SSL_CERT_FILE, or pip config set global.cert FILE',
      exitCode: EXIT.source,
    });
  }
}
