import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One archive that apt is told to use. */
export interface AptEntry {
  uri: string;
  suites: string[];
  components: string[];
  /** Keyring files or fingerprints, as written; embedded keys are kept as text. */
  signedBy: string[];
  /** Check-Valid-Until of the entry; undefined: apt's general setting. */
  checkValidUntil: boolean | undefined;
}

/** Reads sources.list, sources.list.d/*.list and *.sources below `etc` (usually /etc/apt). Missing files are empty ones; disabled entries are left out. */
export async function readAptSources(etc: string): Promise<AptEntry[]> {
  const folder = join(etc, 'sources.list.d');
  const names = (await readdir(folder).catch(() => [] as string[])).sort();
  const files = [join(etc, 'sources.list'), ...names.map((name) => join(folder, name))];
  const entries: AptEntry[] = [];
  for (const path of files) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (path.endsWith('.sources')) entries.push(...parseDeb822(text));
    else if (path.endsWith('.list')) entries.push(...parseOneLine(text));
  }
  const expanded = await Promise.all(entries.map((entry) => expandMirrorList(entry)));
  return expanded.flat();
}

/** sources.list(5), one-line style: `deb [option=value ...] uri suite component...`. */
export function parseOneLine(text: string): AptEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)((?:\s+[^#\s]\S*)*)/.exec(
      line.replace(/\s#.*$/, ''),
    );
    if (!match) return [];
    const options = new Map((match[1] ?? '').split(/\s+/).map((pair) => split(pair, '=')));
    return {
      uri: match[2] ?? '',
      suites: [match[3] ?? ''],
      components: (match[4] ?? '').split(/\s+/).filter(Boolean),
      signedBy: (options.get('signed-by') ?? '').split(',').filter(Boolean),
      checkValidUntil: truth(options.get('check-valid-until')),
    };
  });
}

/** sources.list(5), deb822 style. */
export function parseDeb822(text: string): AptEntry[] {
  const entries: AptEntry[] = [];
  const lines = text.split(/\r?\n/).filter((line) => !line.startsWith('#'));
  for (const stanza of lines.join('\n').split(/\n[ \t]*\n/)) {
    const fields = new Map<string, string>();
    let field = '';
    for (const line of stanza.split('\n')) {
      if (/^\s/.test(line)) fields.set(field, `${fields.get(field) ?? ''}\n${line.trim()}`);
      else {
        const [name, value] = split(line, ':');
        field = name;
        if (field) fields.set(field, value);
      }
    }
    const words = (name: string): string[] => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || truth(fields.get('enabled')) === false) continue;
    const signed = (fields.get('signed-by') ?? '').trim();
    for (const uri of words('uris'))
      entries.push({
        uri,
        suites: words('suites'),
        components: words('components'),
        signedBy: signed.includes('BEGIN PGP') ? [signed] : signed.split(/\s+/).filter(Boolean),
        checkValidUntil: truth(fields.get('check-valid-until')),
      });
  }
  return entries;
}

/** `mirror+file:` names a file with one mirror a line, as Debian's cloud images have it. */
async function expandMirrorList(entry: AptEntry): Promise<AptEntry[]> {
  const path = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(entry.uri)?.[1];
  if (!path) return [entry];
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const uri = line.trim().split(/\s+/)[0];
    return uri && !uri.startsWith('#') ? [{ ...entry, uri }] : [];
  });
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  const name = index < 0 ? text : text.slice(0, index);
  return [name.trim().toLowerCase(), index < 0 ? '' : text.slice(index + 1).trim()];
}

function truth(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(yes|true|on|1|with|enable)$/i.test(text.trim())) return true;
  return /^(no|false|off|0|without|disable)$/i.test(text.trim()) ? false : undefined;
}
