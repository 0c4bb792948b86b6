import { readFile } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { EXIT, RigError, errnoOf, messageOf } from '../kernel/index.ts';
import { parseIni } from './ini.ts';

/** The settings of pip that say where packages come from, merged as pip does (pip documentation, "Configuration"). */
export interface PipSettings {
  indexUrl: string | undefined;
  extraIndexUrls: string[];
  findLinks: string[];
  noIndex: boolean;
  cert: string | undefined;
  trustedHosts: string[];
  proxy: string | undefined;
}

/** Options that matter, in pip's spelling. */
const NAMES = ['index-url', 'extra-index-url', 'find-links', 'no-index', 'cert', 'trusted-host', 'proxy'];
/** Sections in rising precedence: a command's own section wins over [global]. */
const SECTIONS = ['global', 'download', 'install'];

/**
 * Reads pip's files (global, user, site, PIP_CONFIG_FILE) and PIP_* variables. `prefix` is Python's sys.prefix, when known.
 * Throws RIG-SOURCES-004 for a file that pip would refuse.
 */
export async function readPipSettings(env: NodeJS.ProcessEnv, prefix?: string): Promise<PipSettings> {
  const sections = new Map<string, Map<string, string>>();
  for (const path of configFiles(env, prefix)) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR'].includes(errnoOf(error) ?? '')) return '';
      throw unreadable(path, messageOf(error));
    });
    const parsed = parseIni(text);
    if (parsed.bad.length > 0)
      throw unreadable(path, `line ${parsed.bad[0]} is neither a section nor a setting`);
    for (const [name, values] of parsed.sections)
      sections.set(name, new Map([...(sections.get(name) ?? []), ...values]));
  }
  const merged = new Map<string, string>();
  for (const section of SECTIONS)
    for (const [key, value] of sections.get(section) ?? [])
      if (NAMES.includes(key) && value !== '') merged.set(key, value);
  for (const name of NAMES) {
    const value = env[`PIP_${name.toUpperCase().replaceAll('-', '_')}`];
    if (value) merged.set(name, value);
  }
  const list = (name: string): string[] => (merged.get(name) ?? '').split(/\s+/).filter(Boolean);
  return {
    indexUrl: merged.get('index-url'),
    extraIndexUrls: list('extra-index-url'),
    findLinks: list('find-links'),
    noIndex: /^(1|true|yes|on|y|t)$/i.test(merged.get('no-index') ?? ''),
    cert: merged.get('cert'),
    trustedHosts: list('trusted-host'),
    proxy: merged.get('proxy'),
  };
}

/** In rising precedence. PIP_CONFIG_FILE=/dev/null switches all files off. */
function configFiles(env: NodeJS.ProcessEnv, prefix: string | undefined): string[] {
  const own = env['PIP_CONFIG_FILE'];
  if (own === '/dev/null') return [];
  const home = env['HOME'] ?? homedir();
  const isMac = platform() === 'darwin';
  const shared = isMac
    ? ['/Library/Application Support/pip/pip.conf']
    : (env['XDG_CONFIG_DIRS'] || '/etc/xdg').split(':').map((folder) => join(folder, 'pip', 'pip.conf'));
  const users = env['XDG_CONFIG_HOME'] ?? join(home, '.config');
  const site = env['VIRTUAL_ENV'] ?? prefix;
  return [
    ...shared,
    '/etc/pip.conf',
    join(home, '.pip', 'pip.conf'),
    ...(isMac ? [join(home, 'Library', 'Application Support', 'pip', 'pip.conf')] : []),
    join(users, 'pip', 'pip.conf'),
    ...(site ? [join(site, 'pip.conf')] : []),
    ...(own ? [own] : []),
  ];
}

function unreadable(path: string, why: string): RigError {
  return new RigError('RIG-SOURCES-004', `cannot read pip's settings in ${path}`, {
    why,
    hint: `correct the file (pip config debug shows what pip makes of it)`,
    exitCode: EXIT.source,
  });
}
