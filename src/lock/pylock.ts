import { parse } from 'smol-toml';
import type { LockedWheel } from './lockfile.ts';

/** A wheel as a pylock.toml lists it (PEP 751). */
export interface PylockWheel {
  file: string;
  /** Address or path; may hold credentials, never to be shown or kept. */
  where: string;
  size: number | undefined;
  sha256: string | undefined;
}

export interface PylockPackage {
  name: string;
  version: string | undefined;
  marker: string | undefined;
  wheels: PylockWheel[];
  /** `folder`, `repository` or `archive` where it is not a package of an index. */
  foreign: string | undefined;
}

interface RawFile {
  name?: unknown;
  url?: unknown;
  path?: unknown;
  size?: unknown;
  hashes?: Record<string, unknown>;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function readWheel(raw: RawFile): PylockWheel {
  const where = text(raw.url) ?? text(raw.path) ?? '';
  const bare = where.replace(/[?#].*$/, '');
  const last = bare.slice(bare.lastIndexOf('/') + 1);
  return {
    file: text(raw.name) ?? decodeURIComponent(last),
    where,
    size: typeof raw.size === 'number' ? raw.size : undefined,
    sha256: text(raw.hashes?.['sha256'])?.toLowerCase(),
  };
}

/** The packages of a pylock.toml. Throws smol-toml's error for what is not TOML. */
export function readPylock(content: string): PylockPackage[] {
  const { packages } = parse(content) as { packages?: Record<string, unknown>[] };
  return (packages ?? []).map((raw) => ({
    name: text(raw['name']) ?? '',
    version: text(raw['version']),
    marker: text(raw['marker']),
    wheels: ((raw['wheels'] as RawFile[] | undefined) ?? []).map(readWheel),
    foreign: raw['directory']
      ? 'a folder'
      : raw['vcs']
        ? 'a repository'
        : raw['archive']
          ? 'an address of its own'
          : undefined,
  }));
}

const quote = (value: string): string => JSON.stringify(value);

/**
 * The Python part of a lock as pylock.toml (PEP 751). A lock has no addresses, and the format wants an address or a path:
 * each wheel gets a path below `folder`, where the files are to be put.
 */
export function formatPylock(
  wheels: readonly LockedWheel[],
  options: { python: string; folder?: string },
): string {
  const folder = options.folder ?? 'wheels';
  const sorted = [...wheels].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const head = `lock-version = "1.0"\nrequires-python = ${quote(`==${options.python}.*`)}\ncreated-by = "torchrig"\n`;
  return (
    head +
    sorted
      .map(
        ({ name, version, file, size, sha256 }) =>
          `\n[[packages]]\nname = ${quote(name)}\nversion = ${quote(version)}\n\n[[packages.wheels]]\nname = ${quote(file)}\npath = ${quote(`${folder}/${file}`)}\nsize = ${size}\n\n[packages.wheels.hashes]\nsha256 = ${quote(sha256)}\n`,
      )
      .join('')
  );
}

/** The least pylock.toml that tells uv which versions to keep where nothing speaks against them. */
export function formatPreferences(wheels: readonly { name: string; version: string }[]): string {
  return `lock-version = "1.0"\ncreated-by = "torchrig"\n${wheels
    .map(({ name, version }) => `\n[[packages]]\nname = ${quote(name)}\nversion = ${quote(version)}\n`)
    .join('')}`;
}
