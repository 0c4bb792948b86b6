import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

interface Entry {
  scheme: string | undefined;
  host: string;
  path: string;
  login: string;
  password: string;
}

/** Credentials of apt_auth.conf(5): returns the Authorization header for an address, or undefined. */
export async function readAptAuth(etc: string): Promise<(url: URL) => string | undefined> {
  const folder = join(etc, 'auth.conf.d');
  const names = (await readdir(folder).catch(() => [] as string[]))
    .filter((name) => name.endsWith('.conf'))
    .sort();
  const entries: Entry[] = [];
  for (const path of [join(etc, 'auth.conf'), ...names.map((name) => join(folder, name))])
    entries.push(...parseAptAuth(await readFile(path, 'utf8').catch(() => '')));
  return (url) => {
    const found = entries.find((entry) => matches(entry, url));
    return found && `Basic ${Buffer.from(`${found.login}:${found.password}`).toString('base64')}`;
  };
}

/** netrc's words, with `machine [scheme://]host[:port][/path]`. */
function parseAptAuth(text: string): Entry[] {
  const entries: Entry[] = [];
  const words = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join(' ')
    .split(/\s+/);
  let entry: Entry | undefined;
  for (let i = 0; i < words.length; i += 1) {
    if (words[i] === 'machine') {
      const match = /^(?:([a-z]+):\/\/)?([^/]+)(\/.*)?$/.exec(words[i + 1] ?? '');
      entry = match
        ? { scheme: match[1], host: match[2] ?? '', path: match[3] ?? '/', login: '', password: '' }
        : undefined;
      if (entry) entries.push(entry);
    } else if (words[i] === 'login' && entry) entry.login = words[i + 1] ?? '';
    else if (words[i] === 'password' && entry) entry.password = words[i + 1] ?? '';
    else continue;
    i += 1;
  }
  return entries;
}

/** Without a scheme, apt sends credentials over https only. */
function matches(entry: Entry, url: URL): boolean {
  const scheme = url.protocol.slice(0, -1);
  if (entry.scheme ? entry.scheme !== scheme : scheme !== 'https') return false;
  return (entry.host === url.host || entry.host === url.hostname) && url.pathname.startsWith(entry.path);
}
