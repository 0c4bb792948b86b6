/** A binary package as a Debian index lists it (Debian policy 5.3). Relationship fields are as written, `''` when absent. */
export interface DebPackage {
  name: string;
  version: string;
  arch: string;
  multiArch: string;
  essential: boolean;
  priority: string;
  /** Source package name and version in parentheses, as written; the package's own name when empty. */
  source: string;
  preDepends: string;
  depends: string;
  recommends: string;
  provides: string;
  conflicts: string;
  breaks: string;
  replaces: string;
  /** Path below the archive's root. */
  path: string;
  /** Bytes of the .deb. */
  size: number;
  /** KiB unpacked. */
  installedSize: number;
  sha256: string;
}

/** A package with the archive and suite that list it. */
export interface IndexedPackage extends DebPackage {
  archive: 'debian' | 'debian-security';
  suite: string;
}

/** Columns of the compact form, in order. */
const COLUMNS = [
  'Package',
  'Provides',
  'Version',
  'Architecture',
  'Multi-Arch',
  'Essential',
  'Priority',
  'Source',
  'Pre-Depends',
  'Depends',
  'Recommends',
  'Conflicts',
  'Breaks',
  'Replaces',
  'Filename',
  'Size',
  'Installed-Size',
  'SHA256',
] as const;
const NAME = COLUMNS.indexOf('Package');
const FILENAME = COLUMNS.indexOf('Filename');
const SHA256 = COLUMNS.indexOf('SHA256');
const COLUMN_OF = new Map<string, number>(COLUMNS.map((name, index) => [name, index]));

/** Name of the compact form: part of the cache key, raised when columns change. */
export const COMPACT_FORMAT = 'packages-2';

/**
 * Turns a Packages file, as it streams in, into one tab-separated line a package with the fields a resolver needs (a third of the bytes).
 * Memory: the result and one chunk.
 */
export async function compactPackages(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const lines: string[] = [];
  let row = emptyRow();
  let column: number | undefined;
  /** One line of `text`; without its line feed. */
  const take = (text: string, start: number, end: number): void => {
    if (start === end) {
      if (row[NAME] && row[FILENAME] && row[SHA256]) lines.push(row.join('\t'));
      row = emptyRow();
      column = undefined;
      return;
    }
    const first = text.charCodeAt(start);
    if (first === 32 || first === 9) {
      if (column !== undefined) row[column] += ` ${cell(text.slice(start, end))}`;
      return;
    }
    const colon = text.indexOf(':', start);
    column = colon < 0 || colon > end ? undefined : COLUMN_OF.get(text.slice(start, colon));
    if (column !== undefined) row[column] = cell(text.slice(colon + 1, end));
  };
  let rest = '';
  for await (const chunk of chunks) {
    // all the fields that are kept are ASCII; latin1 is the quickest way to a string
    const text = rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      take(text, at, end);
      at = end + 1;
    }
    rest = text.slice(at);
  }
  if (rest) take(rest, 0, rest.length);
  take('', 0, 0);
  return lines.join('\n');
}

function emptyRow(): string[] {
  return COLUMNS.map(() => '');
}

function cell(text: string): string {
  const trimmed = text.trim();
  return trimmed.includes('\t') ? trimmed.replaceAll('\t', ' ') : trimmed;
}

/** Reads the name and the provided names of every compact line, quickly: `onEntry(name, provided, start, end)`. */
export function scanCompact(
  text: string,
  onEntry: (name: string, provided: readonly string[], line: { start: number; end: number }) => void,
): void {
  for (let start = 0; start < text.length;) {
    const feed = text.indexOf('\n', start);
    const end = feed < 0 ? text.length : feed;
    const tab = text.indexOf('\t', start);
    const isProvider = text.charCodeAt(tab + 1) !== 9;
    const provided = isProvider ? providedNames(text.slice(tab + 1, text.indexOf('\t', tab + 1))) : NONE;
    onEntry(text.slice(start, tab), provided, { start, end });
    start = end + 1;
  }
}

const NONE: readonly string[] = [];

/** The package of one compact line. */
export function packageOfLine(line: string): DebPackage {
  const cells = line.split('\t');
  const at = (column: (typeof COLUMNS)[number]): string => cells[COLUMN_OF.get(column) ?? 0] ?? '';
  return {
    name: at('Package'),
    version: at('Version'),
    arch: at('Architecture'),
    multiArch: at('Multi-Arch'),
    essential: at('Essential') === 'yes',
    priority: at('Priority'),
    source: at('Source'),
    preDepends: at('Pre-Depends'),
    depends: at('Depends'),
    recommends: at('Recommends'),
    provides: at('Provides'),
    conflicts: at('Conflicts'),
    breaks: at('Breaks'),
    replaces: at('Replaces'),
    path: at('Filename'),
    size: Number(at('Size')),
    installedSize: Number(at('Installed-Size')) || 0,
    sha256: at('SHA256'),
  };
}

/** The names in a Provides field, without versions and architectures. */
export function providedNames(provides: string): string[] {
  return provides
    .split(',')
    .map((each) => each.trim().split(/[\s(:]/, 1)[0] ?? '')
    .filter(Boolean);
}
