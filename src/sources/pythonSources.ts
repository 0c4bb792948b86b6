import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EXIT, type HomeLayout, RigError } from '../kernel/index.ts';
import { type Connection, redactUrl } from '../store/index.ts';
import { askPip } from './askPip.ts';
import { readPipSettings } from './pipSettings.ts';
import { readUvSettings } from './uvSettings.ts';

/** Where Python packages come from on this machine. Addresses may hold credentials: show `describeSources`, never this. */
export interface PythonSources {
  /** Main index (simple API root, no trailing slash), or undefined with pip's no-index. */
  indexUrl: string | undefined;
  extraIndexUrls: string[];
  /** `file:` or http(s) addresses of folders, pages or wheels. */
  findLinks: string[];
  /** PEM bundle named by pip. */
  cert: string | undefined;
  trustedHosts: string[];
  proxy: string | undefined;
  /** Who said so. */
  origin: 'TORCHRIG_PYTHON_INDEX' | 'uv' | 'pip';
}

/** The setting that overrides all others: one or more addresses, the main index first. */
const OVERRIDE = 'TORCHRIG_PYTHON_INDEX';

/**
 * Reads TORCHRIG_PYTHON_INDEX, else uv's settings, else pip's, else asks pip for its built-in default.
 * `home`: where that answer may be kept. Throws RIG-SOURCES-001 when nobody knows an index, -004 for a broken file.
 */
export async function pythonSources(
  env: NodeJS.ProcessEnv = process.env,
  home?: HomeLayout,
): Promise<PythonSources> {
  const address = (text: string): string => addressIn(env['HOME'] ?? homedir(), text);
  const own = (env[OVERRIDE] ?? '').split(/\s+/).filter(Boolean).map(address);
  // pip's own files lie below sys.prefix too, which only Python knows; the answer is cached
  const facts = own.length > 0 ? { prefix: undefined, defaultIndex: undefined } : await askPip(env, home);
  const pip = await readPipSettings(env, facts.prefix);
  const common = { cert: pip.cert, trustedHosts: pip.trustedHosts, proxy: pip.proxy };
  if (own.length > 0)
    return { ...common, indexUrl: own[0], extraIndexUrls: own.slice(1), findLinks: [], origin: OVERRIDE };
  const uv = await readUvSettings(env);
  const said = uv ?? pip;
  const noIndex = !uv && pip.noIndex;
  const indexUrl = noIndex ? undefined : (said.indexUrl ?? pip.indexUrl ?? facts.defaultIndex);
  const findLinks = said.findLinks.map(address);
  if (!indexUrl && findLinks.length === 0)
    throw new RigError('RIG-SOURCES-001', 'no Python package index is known on this machine', {
      why: facts.prefix
        ? 'pip is not installed for the python3 on PATH'
        : 'neither python3 nor pip was found on PATH',
      hint: `install pip, or set ${OVERRIDE} to the address of an index's simple API`,
      exitCode: EXIT.source,
    });
  return {
    ...common,
    indexUrl: indexUrl && address(indexUrl),
    extraIndexUrls: noIndex ? [] : said.extraIndexUrls.map(address),
    findLinks,
    origin: uv ? 'uv' : 'pip',
  };
}

/** The same without credentials, for people and `--json`. */
export function describeSources(sources: PythonSources): Record<string, unknown> {
  return {
    index: sources.indexUrl ? redactUrl(sources.indexUrl) : null,
    extra: sources.extraIndexUrls.map(redactUrl),
    findLinks: sources.findLinks.map(redactUrl),
    cert: sources.cert ?? null,
    trustedHosts: sources.trustedHosts,
    proxy: sources.proxy ? redactUrl(sources.proxy) : null,
    origin: sources.origin,
  };
}

/** How to connect to an address under these settings. */
export function connectionTo(url: string, sources: PythonSources): Connection {
  const host = URL.canParse(url) ? new URL(url) : undefined;
  const isTrusted = host && sources.trustedHosts.some((name) => name === host.hostname || name === host.host);
  return {
    ...(sources.proxy && { proxy: sources.proxy }),
    ...(sources.cert && { ca: [sources.cert] }),
    ...(isTrusted && { insecure: true }),
  };
}

/** An address as a URL without trailing slash; a path becomes a `file:` URL, as pip and uv allow. */
function addressIn(home: string, text: string): string {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const expanded = text.startsWith('~/') ? join(home, text.slice(2)) : text;
  return (isUrl ? text : pathToFileURL(resolve(expanded)).href).replace(/\/+$/, '');
}
