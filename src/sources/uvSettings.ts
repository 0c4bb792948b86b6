import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EXIT, RigError, messageOf } from '../kernel/index.ts';

/** Indexes as uv's own variables and uv.toml give them; undefined where nothing is said. */
export interface UvSettings {
  indexUrl: string | undefined;
  extraIndexUrls: string[];
  findLinks: string[];
}

interface UvToml {
  'index-url'?: string;
  'extra-index-url'?: string[];
  'find-links'?: string[];
  index?: { url?: string; default?: boolean; explicit?: boolean }[];
  pip?: UvToml;
}

/** Reads UV_* variables, then the user's and the system's uv.toml. Returns undefined when none of them names an index. */
export async function readUvSettings(env: NodeJS.ProcessEnv): Promise<UvSettings | undefined> {
  const indexUrl = env['UV_DEFAULT_INDEX'] || env['UV_INDEX_URL'] || undefined;
  const extra = [...words(env['UV_INDEX']), ...words(env['UV_EXTRA_INDEX_URL'])].map(named);
  const links = (env['UV_FIND_LINKS'] ?? '').split(/[\s,]+/).filter(Boolean);
  const settings: UvSettings = {
    indexUrl: indexUrl && named(indexUrl),
    extraIndexUrls: extra,
    findLinks: links,
  };
  if (!env['UV_NO_CONFIG'])
    for (const path of configFiles(env)) {
      const toml = await readToml(path);
      if (toml) merge(settings, toml);
    }
  const isSilent =
    !settings.indexUrl && settings.extraIndexUrls.length === 0 && settings.findLinks.length === 0;
  return isSilent ? undefined : settings;
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter(Boolean);
}

/** `name=address` is how uv names an index. */
function named(entry: string): string {
  return entry.replace(/^[A-Za-z0-9_-]+=(?=[a-z]+:)/, '');
}

function configFiles(env: NodeJS.ProcessEnv): string[] {
  if (env['UV_CONFIG_FILE']) return [env['UV_CONFIG_FILE']];
  const users = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config');
  const systems = (env['XDG_CONFIG_DIRS'] || '/etc/xdg')
    .split(':')
    .map((folder) => join(folder, 'uv', 'uv.toml'));
  return [join(users, 'uv', 'uv.toml'), ...systems, '/etc/uv/uv.toml'];
}

async function readToml(path: string): Promise<UvToml | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { parse } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    throw new RigError('RIG-SOURCES-004', `cannot read uv's settings in ${path}`, {
      why: messageOf(error).split('\n')[0] ?? '',
      hint: 'correct the file',
      exitCode: EXIT.source,
    });
  }
}

/** What is set already wins over what a later file says. */
function merge(settings: UvSettings, toml: UvToml): void {
  const listed = (toml.index ?? []).filter((index) => index.url && !index.explicit);
  const main = listed.find((index) => index.default)?.url ?? toml['index-url'] ?? toml.pip?.['index-url'];
  settings.indexUrl ??= main;
  const extra = [
    ...listed.filter((index) => !index.default).map((index) => index.url ?? ''),
    ...(toml['extra-index-url'] ?? []),
    ...(toml.pip?.['extra-index-url'] ?? []),
  ];
  if (settings.extraIndexUrls.length === 0) settings.extraIndexUrls = extra;
  if (settings.findLinks.length === 0)
    settings.findLinks = [...(toml['find-links'] ?? []), ...(toml.pip?.['find-links'] ?? [])];
}
