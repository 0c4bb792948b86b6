import type { ErrorCatalogue } from '../kernel/index.ts';

/** Every code this room throws. */
export const STORE_ERRORS: ErrorCatalogue = {
  'RIG-STORE-001': {
    title: 'A package source did not answer as it should',
    explanation:
      'A server or proxy refused, failed, or could not be reached. rig tried again a few times before giving up. Check the network, the proxy settings (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) and the package source; what was fetched so far is kept, so the same command goes on where it stopped.',
  },
  'RIG-STORE-002': {
    title: 'A downloaded file is not the file that was locked',
    explanation:
      'The sha256 or the size of what the source sent differs from the lock. Either the source was changed or damaged, or something on the way alters files. Nothing of it was kept. If the source legitimately replaced the file, run rig lock again.',
  },
  'RIG-STORE-003': {
    title: 'A file could not be fetched from any package source',
    explanation:
      'The file is not in the local store and every place where it could be was tried. The message lists what each place answered. Old Debian packages disappear from mirrors: set a snapshot mirror or lock again. A private index may need credentials (netrc, or pip settings).',
  },
  'RIG-STORE-004': {
    title: 'Not enough disk space',
    explanation:
      'The files that are missing do not fit on the disk that holds TORCHRIG_HOME. Free some space, run rig gc, or set TORCHRIG_HOME to a folder on a larger disk.',
  },
  'RIG-STORE-005': {
    title: 'The store cannot be written',
    explanation:
      'The folder that holds the store is read-only, belongs to somebody else, or the disk reports an error. Set TORCHRIG_HOME to a folder you can write to.',
  },
  'RIG-STORE-006': {
    title: 'The connection could not be secured',
    explanation:
      'The certificate of a server was not accepted, or a CA bundle could not be read. In companies with an inspecting proxy, point SSL_CERT_FILE or pip config (global.cert) to a PEM file that holds the authority of your company.',
  },
  'RIG-STORE-007': {
    title: 'A proxy setting or address is not usable',
    explanation:
      'An address is not a valid http, https or file URL. Check the package source settings and the proxy variables HTTP_PROXY, HTTPS_PROXY, NO_PROXY.',
  },
};
