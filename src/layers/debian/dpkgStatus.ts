import { createHash } from 'node:crypto';
import { byteOrder } from './byteOrder.ts';
import type { DebPackage } from './debPackage.ts';

/** Order in which dpkg writes the fields it knows; the rest follows as it came (dpkg, lib/dpkg/parse.c). */
const ORDER = [
  'Package',
  'Essential',
  'Protected',
  'Status',
  'Priority',
  'Section',
  'Installed-Size',
  'Origin',
  'Maintainer',
  'Bugs',
  'Architecture',
  'Multi-Arch',
  'Source',
  'Version',
  'Replaces',
  'Provides',
  'Depends',
  'Pre-Depends',
  'Recommends',
  'Suggests',
  'Breaks',
  'Conflicts',
  'Enhances',
  'Conffiles',
  'Description',
];
const KNOWN = new Map(ORDER.map((name) => [name.toLowerCase(), name]));

/** Paths of a package's conffiles member: plain ones, and those to be removed on upgrade. */
export function conffilesOf(deb: Pick<DebPackage, 'control'>): { path: string; flag: string }[] {
  const lines = (deb.control['conffiles'] ?? '').split('\n').map((line) => line.trim());
  return lines.filter(Boolean).map((line) => {
    const [, flag = '', path = ''] = /^(?:(remove-on-upgrade)\s+)?(\/.*)$/.exec(line) ?? [];
    return { path, flag };
  });
}

function conffilesField(deb: DebPackage, read: (path: string) => Uint8Array): string | undefined {
  const lines = conffilesOf(deb).map(({ path, flag }) =>
    flag ? ` ${path} newconffile ${flag}` : ` ${path} ${createHash('md5').update(read(path)).digest('hex')}`,
  );
  return lines.length === 0 ? undefined : `\n${lines.join('\n')}`;
}

/** One paragraph of /var/lib/dpkg/status for an installed package. `read` gives a shipped file's bytes by its absolute path. */
export function statusParagraph(deb: DebPackage, read: (path: string) => Uint8Array): string {
  const fields = new Map(
    [...deb.fields].map(([name, value]) => [KNOWN.get(name.toLowerCase()) ?? name, value]),
  );
  fields.set('Status', 'install ok installed');
  const conffiles = conffilesField(deb, read);
  if (conffiles !== undefined) fields.set('Conffiles', conffiles);
  const rest = [...fields.keys()].filter((name) => !ORDER.includes(name));
  return [...ORDER, ...rest]
    .filter((name) => fields.has(name))
    .map((name) => {
      const value = fields.get(name) ?? '';
      return `${name}:${value.startsWith('\n') ? '' : ' '}${value}\n`;
    })
    .join('');
}

/** /var/lib/dpkg/status: a paragraph a package, by name. */
export function statusFile(
  packages: readonly DebPackage[],
  read: (deb: DebPackage, path: string) => Uint8Array,
): string {
  return [...packages]
    .sort((a, b) => byteOrder(a.name, b.name))
    .map((deb) => `${statusParagraph(deb, (path) => read(deb, path))}\n`)
    .join('');
}
