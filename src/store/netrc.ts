import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Finds `user:password` for a host name, or undefined. */
export type Netrc = (host: string) => { login: string; password: string } | undefined;

/** Reads $NETRC, else ~/.netrc (or ~/_netrc), as pip and curl do. A missing or unreadable file is an empty one. */
export async function readNetrc(env: NodeJS.ProcessEnv = process.env): Promise<Netrc> {
  const home = env['HOME'] ?? homedir();
  const paths = env['NETRC'] ? [env['NETRC']] : [join(home, '.netrc'), join(home, '_netrc')];
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return parseNetrc(text);
  }
  return () => undefined;
}

/** The netrc grammar: `machine NAME login L password P`, `default`, `macdef` up to a blank line, quoted values, # comments. */
export function parseNetrc(text: string): Netrc {
  const machines = new Map<string, { login: string; password: string }>();
  const withoutMacros = text.replace(/^\s*macdef\b[^\n]*\n(?:[^\n]*\S[^\n]*(?:\n|$))*/gm, '');
  const words: string[] = [];
  for (const line of withoutMacros.split('\n')) {
    if (line.trimStart().startsWith('#')) continue;
    for (const match of line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g))
      words.push(match[1] === undefined ? (match[2] ?? '') : match[1].replace(/\\(.)/g, '$1'));
  }
  let entry = { login: '', password: '' };
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i];
    if (word === 'machine' || word === 'default') {
      entry = { login: '', password: '' };
      const name = word === 'machine' ? (words[(i += 1)] ?? '').toLowerCase() : '*';
      if (!machines.has(name)) machines.set(name, entry);
    } else if (word === 'login' || word === 'user') entry.login = words[(i += 1)] ?? '';
    else if (word === 'password') entry.password = words[(i += 1)] ?? '';
    else if (word === 'account') i += 1;
  }
  return (host) => machines.get(host.toLowerCase()) ?? machines.get('*');
}
