/** dpkg's path filters in the order of its configuration: `exclude` or `include`, and a pattern in which `*` matches `/` too. */
export interface PathRule {
  kind: 'exclude' | 'include';
  pattern: string;
}

/** Left out by default: documentation but the licences, manual pages, translations. Ships as dpkg.cfg.d file too, so that apt inside keeps to it. */
export const SLIM_RULES: readonly PathRule[] = [
  { kind: 'exclude', pattern: '/usr/share/doc/*' },
  { kind: 'include', pattern: '/usr/share/doc/*/copyright' },
  { kind: 'exclude', pattern: '/usr/share/info/*' },
  { kind: 'exclude', pattern: '/usr/share/locale/*' },
  { kind: 'include', pattern: '/usr/share/locale/locale.alias' },
  { kind: 'exclude', pattern: '/usr/share/man/*' },
];

interface Compiled {
  include: boolean;
  matches: RegExp;
  /** The pattern up to its first wildcard, without trailing slashes. */
  prefix: string;
}

function compile({ kind, pattern }: PathRule): Compiled {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return {
    include: kind === 'include',
    matches: new RegExp(`^${source}$`, 's'),
    prefix: pattern.replace(/[*?].*$/s, '').replace(/\/+$/, ''),
  };
}

/**
 * Says which paths (absolute, as the package ships them) are left out: the last rule that matches decides, and directories and
 * symbolic links below the fixed part of an include stay (dpkg(1), `--path-exclude`; filters.c of dpkg).
 */
export function pathFilter(rules: readonly PathRule[]): (path: string, isFile: boolean) => boolean {
  const compiled = rules.map(compile);
  return (path, isFile) => {
    let skip = false;
    for (const rule of compiled) if (rule.include === skip && rule.matches.test(path)) skip = !skip;
    if (!skip || isFile) return skip;
    return !compiled.some((rule) => rule.include && path.startsWith(rule.prefix));
  };
}

/** Text of `/etc/dpkg/dpkg.cfg.d/…` for these rules. */
export function dpkgFilterConfig(rules: readonly PathRule[]): string {
  const lines = rules.map(({ kind, pattern }) => `path-${kind}=${pattern}`);
  return ['# Left out of this image; packages installed later follow suit.', ...lines, ''].join('\n');
}
