/** How to reach a place, when it differs from the environment's own proxy and certificate settings. */
export interface Connection {
  /** Proxy address, or `direct` for none whatever HTTP_PROXY says. */
  proxy?: string;
  /** Accept any certificate (pip's trusted-host). */
  insecure?: boolean;
  /** PEM bundles to trust besides the usual ones. */
  ca?: readonly string[];
}

/** One place where bytes can be had. Headers may hold secrets: show `redactUrl(url)`, never a Location. */
export interface Location {
  /** `http:`, `https:` or `file:`; may carry `user:password@`, which is sent as a header. */
  url: string;
  headers?: Readonly<Record<string, string>>;
  via?: Connection;
}

/** An address fit for messages: no user name, password, query or fragment (signed links keep secrets in the query). */
export function redactUrl(url: string): string {
  try {
    const parsed = new URL(url);
    parsed.username = '';
    parsed.password = '';
    parsed.search = '';
    parsed.hash = '';
    return parsed.href;
  } catch {
    return '(unreadable address)';
  }
}

/** Takes `user:password@` out of an address and returns it as a Basic authorization header (RFC 7617). */
export function splitCredentials(url: URL): { url: URL; authorization?: string } {
  if (!url.username && !url.password) return { url };
  const bare = new URL(url);
  const pair = `${decode(url.username)}:${decode(url.password)}`;
  bare.username = '';
  bare.password = '';
  return { url: bare, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
