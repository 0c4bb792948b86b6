import { byteOrder } from './byteOrder.ts';

/** Where this machine's apt finds a Debian archive. */
export interface AptMirror {
  /** Base address of the archive, as apt's own settings have it. */
  uri: string;
  /** `bookworm bookworm-updates`, or `bookworm-security`. */
  suites: readonly string[];
  /** Default: main. */
  components?: readonly string[];
}

/** Path, in the image, of the file that aptSources is written to. */
export const APT_SOURCES_PATH = 'etc/apt/sources.list.d/debian.sources';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Text of an environment's own apt sources (sources.list(5), deb822 style). No image holds an address: the one who starts an
 * environment writes this file into its writable layer, from the apt settings of the machine it runs on.
 */
export function aptSources(mirrors: readonly AptMirror[]): string {
  return [...mirrors]
    .sort((a, b) => byteOrder(a.suites.join(' '), b.suites.join(' ')))
    .map(({ uri, suites, components = ['main'] }) =>
      [
        'Types: deb',
        `URIs: ${uri}`,
        `Suites: ${suites.join(' ')}`,
        `Components: ${components.join(' ')}`,
        `Signed-By: ${KEYRING}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}
