/** A base that rig assembles from Debian packages. */
export interface Base {
  /** Debian's name of the release. */
  codename: string;
  /** Its C library: decides which manylinux wheels its images load. */
  glibc: string;
  /** The CPython that it brings, major.minor. */
  python: string;
  /** What every image on this base holds: Debian's essential set, apt, Python, an init, certificates, time zones. */
  packages: readonly string[];
}

/**
 * Bases by their name in torchrig.yaml. The essential set is written out because the resolver starts from nothing;
 * usr-is-merged is asked for by name, else the alternative usrmerge drags perl modules in.
 */
export const BASES: Readonly<Record<string, Base>> = {
  'debian:12': {
    codename: 'bookworm',
    glibc: '2.36',
    python: '3.11',
    packages: [
      'apt',
      'base-files',
      'base-passwd',
      'bash',
      'bsdutils',
      'ca-certificates',
      'coreutils',
      'dash',
      'debian-archive-keyring',
      'debianutils',
      'diffutils',
      'dpkg',
      'findutils',
      'grep',
      'gzip',
      'hostname',
      'init-system-helpers',
      'libc-bin',
      'login',
      'mount',
      'ncurses-base',
      'ncurses-bin',
      'passwd',
      'perl-base',
      'python3',
      'sed',
      'sysvinit-utils',
      'tar',
      'tini',
      'tzdata',
      'usr-is-merged',
      'util-linux',
    ],
  },
};

/** The Debian packages that a base brings by itself; empty for a base that is an image reference. */
export function basePackages(base: string): readonly string[] {
  return BASES[base]?.packages ?? [];
}
