import { findAnchors, readAnchors } from './anchors.ts';

/** One file of a project as an index lists it (PEP 503, 592, 658, 691, 700). */
export interface ListedFile {
  /** File name, decoded. */
  file: string;
  /** Absolute, without fragment. */
  url: string;
  /** Lower-case hex, when the index says it. */
  sha256: string | undefined;
  /** Bytes; HTML pages do not say it. */
  size: number | undefined;
  requiresPython: string | undefined;
  yanked: boolean;
  /** Is METADATA served beside the file (`url + '.metadata'`)? */
  hasMetadata: boolean;
  /** ISO time, where given. */
  uploaded: string | undefined;
}

/** Reads a JSON page. Throws SyntaxError for what is no JSON, TypeError for JSON of another kind. */
export function readJsonPage(text: string, pageUrl: string): ListedFile[] {
  const page = JSON.parse(text) as { files?: unknown };
  if (!Array.isArray(page.files)) throw new TypeError('the JSON has no list of files');
  return (page.files as JsonFile[]).flatMap((entry) => {
    const link = entry.url === undefined ? undefined : absolute(entry.url, pageUrl);
    if (!link || typeof entry.filename !== 'string') return [];
    return {
      file: entry.filename,
      url: link,
      sha256: hex(entry.hashes?.['sha256']),
      size: typeof entry.size === 'number' ? entry.size : undefined,
      requiresPython: entry['requires-python'] ?? undefined,
      yanked: entry.yanked !== undefined && entry.yanked !== false,
      hasMetadata: Boolean(entry['core-metadata'] ?? entry['dist-info-metadata']),
      uploaded: entry['upload-time'],
    };
  });
}

interface JsonFile {
  filename?: string;
  url?: string;
  hashes?: Record<string, string>;
  size?: number;
  yanked?: boolean | string;
  'requires-python'?: string | null;
  'core-metadata'?: unknown;
  'dist-info-metadata'?: unknown;
  'upload-time'?: string;
}

/** Reads an HTML page, or any page of links (find-links, a directory listing); with `only`, just what may be that file. */
export function readHtmlPage(text: string, pageUrl: string, only?: string): ListedFile[] {
  const { anchors, base } = only === undefined ? readAnchors(text) : findAnchors(text, only);
  const from = (base && absolute(base, pageUrl, true)) || pageUrl;
  return anchors.flatMap((anchor) => {
    const href = anchor['href'];
    const whole = href === undefined ? undefined : absolute(href, from, true);
    if (!whole) return [];
    const url = new URL(whole);
    const fragment = new URLSearchParams(url.hash.slice(1));
    url.hash = '';
    const metadata = anchor['data-core-metadata'] ?? anchor['data-dist-info-metadata'];
    return {
      file: lastSegment(url),
      url: url.href,
      sha256: hex(fragment.get('sha256')),
      size: undefined,
      requiresPython: anchor['data-requires-python'] || undefined,
      yanked: anchor['data-yanked'] !== undefined,
      hasMetadata: metadata !== undefined && metadata !== 'false',
      uploaded: anchor['data-upload-time'],
    };
  });
}

/** The file name at the end of an address, decoded. */
export function lastSegment(url: URL): string {
  const raw = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

function absolute(link: string, base: string, keepHash = false): string | undefined {
  if (!URL.canParse(link.trim(), base)) return undefined;
  const url = new URL(link.trim(), base);
  // a page from the network must not make us read local files
  if (!/^(https?|file):$/.test(url.protocol)) return undefined;
  if (url.protocol === 'file:' && !base.startsWith('file:')) return undefined;
  if (!keepHash) url.hash = '';
  return url.href;
}

function hex(text: string | null | undefined): string | undefined {
  const lower = text?.toLowerCase();
  return lower && /^[0-9a-f]{64}$/.test(lower) ? lower : undefined;
}
