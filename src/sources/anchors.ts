/** One `<a>` element: its attributes, entities decoded, names in lower case. */
export type Anchor = Readonly<Record<string, string>>;

/**
 * The anchors of a page and its base address (`<base href>`), read as a browser would: attributes in any quoting, entities,
 * comments and scripts skipped. Enough of HTML for PEP 503 pages and plain directory listings.
 */
export function readAnchors(html: string): { anchors: Anchor[]; base: string | undefined } {
  const anchors: Anchor[] = [];
  let base: string | undefined;
  const tag =
    /<!--[\s\S]*?(?:-->|$)|<(script|style|textarea|title)\b[\s\S]*?(?:<\/\1\s*>|$)|<(a|base)(?=[\s/>])/gi;
  for (let match = tag.exec(html); match; match = tag.exec(html)) {
    if (!match[2]) continue;
    const { attributes, end } = readAttributes(html, tag.lastIndex);
    tag.lastIndex = end;
    if (match[2].toLowerCase() === 'a') anchors.push(attributes);
    else base ??= attributes['href'];
  }
  return { anchors, base };
}

/**
 * Only the anchors in or after whose tag `word` occurs: a page lists thousands of files, and one is wanted.
 * An anchor inside a comment is not told apart here.
 */
export function findAnchors(html: string, word: string): { anchors: Anchor[]; base: string | undefined } {
  const anchors: Anchor[] = [];
  let seen = -1;
  for (let at = html.indexOf(word); at >= 0; at = html.indexOf(word, at + word.length)) {
    const start = Math.max(html.lastIndexOf('<a', at), html.lastIndexOf('<A', at));
    if (start < 0 || start === seen || !/\s/.test(html.charAt(start + 2))) continue;
    seen = start;
    anchors.push(readAttributes(html, start + 2).attributes);
  }
  const base = html.search(/<base\s/i);
  return { anchors, base: base < 0 ? undefined : readAttributes(html, base + 5).attributes['href'] };
}

/** Attributes from `at` to the closing `>` of the tag. */
function readAttributes(html: string, at: number): { attributes: Record<string, string>; end: number } {
  const attributes: Record<string, string> = {};
  const piece = /[\s/]*(?:(>)|([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?)/gy;
  piece.lastIndex = at;
  for (let match = piece.exec(html); match; match = piece.exec(html)) {
    if (match[1]) return { attributes, end: piece.lastIndex };
    const name = (match[2] ?? '').toLowerCase();
    attributes[name] ??= decodeEntities(match[3] ?? match[4] ?? match[5] ?? '');
  }
  return { attributes, end: Math.max(at, html.indexOf('>', at) + 1 || html.length) };
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** Numeric references and the named ones that occur in addresses and version specifiers. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));?/gi, (whole, decimal, hex, name) => {
    if (name) return NAMED[String(name).toLowerCase()] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
