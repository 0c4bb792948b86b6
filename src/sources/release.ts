import { readFile } from 'node:fs/promises';
import { EXIT, RigError, messageOf } from '../kernel/index.ts';

/** What a signed InRelease file says. */
export interface Release {
  codename: string;
  suite: string;
  /** Seconds since 1970. */
  date: number;
  validUntil: number | undefined;
  byHash: boolean;
  /** sha256 and size of every index file by its path below the suite. */
  files: Map<string, { sha256: string; size: number }>;
}

/**
 * Checks the signature of an InRelease text and returns the signed part. Trusted: the Debian archive keys that ship with rig, then
 * the host's own `keyrings` (files, or armored text). One good signature is enough. Throws RIG-SOURCES-006.
 */
export async function verifyInRelease(
  text: string,
  options: { label: string; keyrings: readonly string[] },
): Promise<string> {
  const openpgp = await import('openpgp');
  const { DEBIAN_ARCHIVE_KEYS } = await import('./keys/debianArchive.ts');
  let message;
  try {
    message = await openpgp.readCleartextMessage({ cleartextMessage: text });
  } catch (error) {
    const what = /^\s*</.test(text)
      ? 'a web page, of a proxy or of a network that wants a login'
      : 'not signed text';
    throw untrusted(options.label, `it is ${what}: ${messageOf(error)}`);
  }
  const shipped = (): Promise<unknown[]> =>
    Promise.all(DEBIAN_ARCHIVE_KEYS.map((key) => openpgp.readKey({ armoredKey: key.armored })));
  const host = async (): Promise<unknown[]> => (await Promise.all(options.keyrings.map(readKeyring))).flat();
  const reasons: string[] = [];
  for (const load of [shipped, host]) {
    const keys = (await load()) as Awaited<ReturnType<typeof openpgp.readKey>>[];
    if (keys.length === 0) continue;
    const result = await openpgp.verify({ message, verificationKeys: keys });
    for (const signature of result.signatures) {
      try {
        await signature.verified;
        return result.data;
      } catch (error) {
        reasons.push(messageOf(error));
      }
    }
  }
  throw untrusted(
    options.label,
    reasons.length > 0 ? [...new Set(reasons)].join('; ') : 'it bears no signature',
  );
}

async function readKeyring(named: string): Promise<unknown[]> {
  const openpgp = await import('openpgp');
  try {
    if (named.includes('BEGIN PGP')) return await openpgp.readKeys({ armoredKeys: unfold(named) });
    if (!named.startsWith('/')) return [];
    const bytes = await readFile(named);
    const isText = bytes.subarray(0, 5).toString() === '-----';
    return await (isText
      ? openpgp.readKeys({ armoredKeys: bytes.toString() })
      : openpgp.readKeys({ binaryKeys: bytes }));
  } catch {
    return [];
  }
}

/** In deb822 an empty line of an embedded key is a lone dot. */
function unfold(text: string): string {
  return text.replace(/^[ \t]*[.]?[ \t]*$/gm, '').replace(/^[ \t]+/gm, '');
}

/** The fields of a Release file that matter (Debian wiki, "DebianRepository/Format"). */
export function parseRelease(text: string): Release {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}: *(.*)$`, 'mi').exec(text)?.[1]?.trim();
  const seconds = (name: string): number | undefined => {
    const at = Date.parse(field(name) ?? '');
    return Number.isNaN(at) ? undefined : at / 1000;
  };
  const files: Release['files'] = new Map();
  const block = /^SHA256:[ \t]*\n((?:[ \t].*\n?)*)/m.exec(text)?.[1] ?? '';
  for (const match of block.matchAll(/^\s+([0-9a-f]{64})\s+(\d+)\s+(\S+)$/gm))
    files.set(match[3] ?? '', { sha256: match[1] ?? '', size: Number(match[2]) });
  return {
    codename: field('Codename') ?? '',
    suite: field('Suite') ?? '',
    date: seconds('Date') ?? 0,
    validUntil: seconds('Valid-Until'),
    byHash: field('Acquire-By-Hash')?.toLowerCase() === 'yes',
    files,
  };
}

/** Is it the suite that was asked for, and still valid? Throws RIG-SOURCES-007. */
export function checkRelease(
  release: Release,
  options: { suite: string; label: string; checkValidUntil: boolean; now: number },
): void {
  const { suite, label } = options;
  if (release.codename !== suite && release.suite !== suite)
    throw stale(
      `${label} speaks of ${release.codename || 'no suite'}, not of ${suite}`,
      'the mirror serves another suite under this name',
    );
  if (options.checkValidUntil && release.validUntil !== undefined && release.validUntil < options.now)
    throw stale(
      `${label} has expired`,
      `it was valid until ${new Date(release.validUntil * 1000).toISOString()}, now it is ${new Date(options.now * 1000).toISOString()}`,
    );
  if (release.date > options.now + 86_400)
    throw stale(
      `${label} is from the future`,
      `it is dated ${new Date(release.date * 1000).toISOString()}: is the clock right?`,
    );
}

function stale(message: string, why: string): RigError {
  return new RigError('RIG-SOURCES-007', message, {
    why,
    hint: 'check the clock (date), or name another mirror: TORCHRIG_DEBIAN_MIRROR',
    exitCode: EXIT.source,
  });
}

function untrusted(label: string, why: string): RigError {
  return new RigError('RIG-SOURCES-006', `${label} is not signed by a key that is trusted`, {
    why,
    hint: 'use another mirror (TORCHRIG_DEBIAN_MIRROR); somebody may be tampering with this one',
    exitCode: EXIT.source,
  });
}
