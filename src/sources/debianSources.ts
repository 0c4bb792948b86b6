import { EXIT, RigError } from '../kernel/index.ts';
import { type Location, redactUrl } from '../store/index.ts';
import { type AptConfig, readAptConfig } from './aptConfig.ts';
import { readAptAuth } from './aptAuth.ts';
import { type AptEntry, readAptSources } from './aptSources.ts';

/** The two archives a Debian release is made of. */
export type DebianArchive = 'debian' | 'debian-security';

/** Where Debian packages come from on this machine. Addresses may hold credentials: show `describeDebianSources`. */
export interface DebianSources {
  /** Archive roots (above dists/ and pool/), without trailing slash, to be tried in order. */
  mirrors: Record<DebianArchive, string[]>;
  /** Keyrings the host trusts for them besides the keys shipped with rig. */
  keyrings: string[];
  checkValidUntil: boolean;
  /** Who said so. */
  origin: 'TORCHRIG_DEBIAN_MIRROR' | 'apt';
  /** Address below an archive root as a Location, with apt's proxy and credentials. */
  at(root: string, path: string): Location;
}

const MIRROR = 'TORCHRIG_DEBIAN_MIRROR';
const SECURITY = 'TORCHRIG_DEBIAN_SECURITY_MIRROR';
const SUITE =
  /^(stretch|buster|bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable|oldoldstable)(-updates|-backports|-proposed-updates)?\/?$/;
const SECURITY_SUITE = /(-security|\/updates)$/;

/**
 * Reads TORCHRIG_DEBIAN_MIRROR and TORCHRIG_DEBIAN_SECURITY_MIRROR, else apt's sources. `etc` is /etc/apt but for tests.
 * A suite that the host does not use is looked for on the same mirrors; signatures say whether it is the right one.
 * Throws RIG-SOURCES-005 when no mirror is known.
 */
export async function debianSources(
  env: NodeJS.ProcessEnv = process.env,
  etc = '/etc/apt',
): Promise<DebianSources> {
  const own = roots(env[MIRROR]);
  const ownSecurity = roots(env[SECURITY]);
  const config = await readAptConfig(env);
  const auth = await readAptAuth(etc);
  const entries = (await readAptSources(etc)).filter((entry) => /^(https?|file|copy):/.test(entry.uri));
  const mine = entries.filter((entry) =>
    entry.suites.some((suite) => SUITE.test(suite) || SECURITY_SUITE.test(suite)),
  );
  const debian = own.length > 0 ? own : mainRoots(entries);
  const security =
    ownSecurity.length > 0 ? ownSecurity : own.length > 0 ? own.map(sibling) : securityRoots(entries, debian);
  if (debian.length === 0)
    throw new RigError('RIG-SOURCES-005', 'no Debian mirror is known on this machine', {
      why: `${etc} names no Debian archive, and ${MIRROR} is not set`,
      hint: `set ${MIRROR} to the address of a Debian mirror (the folder that holds dists and pool) and, if it has no debian-security beside it, ${SECURITY}`,
      exitCode: EXIT.source,
    });
  return {
    mirrors: { debian, 'debian-security': security },
    keyrings: [...new Set(mine.flatMap((entry) => entry.signedBy))],
    checkValidUntil: config.checkValidUntil && !mine.some((entry) => entry.checkValidUntil === false),
    origin: own.length > 0 ? MIRROR : 'apt',
    at: (root, path) => locate(`${root}/${path}`, config, auth),
  };
}

/** The same without credentials. */
export function describeDebianSources(sources: DebianSources): Record<string, unknown> {
  return {
    debian: sources.mirrors.debian.map(redactUrl),
    debianSecurity: sources.mirrors['debian-security'].map(redactUrl),
    checkValidUntil: sources.checkValidUntil,
    origin: sources.origin,
  };
}

/**
 * Where a .deb can be had: every mirror of its archive. `path` is the Filename of the signed index.
 * Throws RIG-SOURCES-008 for a path that leaves the archive.
 */
export function locateDeb(
  sources: DebianSources,
  deb: { archive: string; path: string; sha256: string },
): Location[] {
  const isSafe =
    /^[\w.+~%:@/-]+$/.test(deb.path) && !deb.path.startsWith('/') && !deb.path.split('/').includes('..');
  const roots =
    deb.archive === 'debian' || deb.archive === 'debian-security' ? sources.mirrors[deb.archive] : undefined;
  if (!isSafe || !roots)
    throw new RigError('RIG-SOURCES-008', `not a file of a Debian archive: ${deb.archive} ${deb.path}`, {
      hint: 'the lock was damaged or edited: rig lock',
      exitCode: EXIT.source,
    });
  // + and ~ are literal in a path; some servers decode + as a blank
  const escaped = deb.path
    .split('/')
    .map(encodeURIComponent)
    .join('/')
    .replaceAll('%3A', ':')
    .replaceAll('%40', '@');
  return roots.map((root) => sources.at(root, escaped));
}

function mainRoots(entries: readonly AptEntry[]): string[] {
  const debian = entries.filter((entry) => entry.suites.some((suite) => SUITE.test(suite)));
  // a host of a Debian derivative: its mirror often carries Debian too
  const derived = entries
    .filter((entry) => /\/ubuntu\/?$/.test(entry.uri))
    .map((entry) => entry.uri.replace(/\/ubuntu\/?$/, '/debian'));
  return unique([...debian.map((entry) => entry.uri), ...derived]);
}

function securityRoots(entries: readonly AptEntry[], debian: readonly string[]): string[] {
  const said = entries.filter(
    (entry) => entry.suites.some((suite) => SECURITY_SUITE.test(suite)) && !/ubuntu/.test(entry.uri),
  );
  return unique([...said.map((entry) => entry.uri), ...debian.map(sibling)]);
}

/** The security archive usually lies beside the main one. */
function sibling(root: string): string {
  return root.replace(/\/debian$/, '/debian-security');
}

function roots(text: string | undefined): string[] {
  return unique((text ?? '').split(/\s+/).filter(Boolean));
}

function unique(uris: readonly string[]): string[] {
  return [...new Set(uris.map(bare))];
}

function bare(uri: string): string {
  const isPath = uri.startsWith('/');
  return (isPath ? `file://${uri}` : uri.replace(/^copy:/, 'file:'))
    .replace(/^file:\/*/, 'file:///')
    .replace(/\/+$/, '');
}

function locate(url: string, config: AptConfig, auth: (url: URL) => string | undefined): Location {
  const parsed = new URL(url);
  const proxy = config.proxyFor(parsed);
  const authorization = parsed.username ? undefined : auth(parsed);
  return { url, ...(proxy && { via: { proxy } }), ...(authorization && { headers: { authorization } }) };
}
