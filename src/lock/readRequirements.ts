import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { EXIT, messageOf, RigError } from '../kernel/index.ts';
import { normalizeName } from '../sources/index.ts';
import { readPylock } from './pylock.ts';

/** What a requirements file asks for. */
export interface Requirements {
  /** PEP 508, as written, without options. */
  wanted: string[];
  /** PEP 508 of constraint files (`-c`). */
  constraints: string[];
  /** Normalised name -> sha256 that the file allows. */
  hashes: Map<string, Set<string>>;
}

const MAX_DEPTH = 10;

function cannotRead(path: string, why: string): RigError {
  return new RigError('RIG-LOCK-030', `cannot read the requirements in ${path}`, {
    why,
    hint: 'correct the file, or packages.requirements in torchrig.yaml',
    exitCode: EXIT.usage,
  });
}

function refused(where: string, what: string, hint: string): RigError {
  return new RigError('RIG-LOCK-031', `${where}: ${what} cannot be locked`, { hint, exitCode: EXIT.usage });
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw cannotRead(path, messageOf(error));
  }
}

const LOCAL_HINT = 'build a wheel of it and serve it through find-links or an index, then ask for it by name';
const INDEX_HINT =
  'give the index to pip instead, where rig finds it again: pip config set global.extra-index-url ADDRESS';

/** A requirement that names a folder, a repository or an address instead of a version. */
function isForeign(requirement: string): boolean {
  return (
    /^(\.|\/|~|[a-z]+\+|[a-z]+:\/\/)/i.test(requirement) ||
    /^[^;]*\s@\s/.test(requirement) ||
    /^[^;<>=!~]+@/.test(requirement) ||
    /\.(whl|zip|tar\.gz)(\s|;|$)/.test(requirement)
  );
}

function takeHashes(line: string, found: Requirements): string {
  const hashes = [...line.matchAll(/--hash[= ]sha256:([0-9a-fA-F]{64})/g)].map((match) =>
    (match[1] ?? '').toLowerCase(),
  );
  const bare = line
    .replaceAll(/\s+--hash[= ]\S+/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const name = normalizeName(/^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(bare)?.[0] ?? '');
  if (hashes.length > 0) found.hashes.set(name, new Set([...(found.hashes.get(name) ?? []), ...hashes]));
  return bare;
}

/** requirements.txt (pip documentation, "Requirements File Format"): continuation lines, comments, -r, -c, --hash. */
async function readText(
  path: string,
  found: Requirements,
  how: { depth: number; constraint: boolean },
): Promise<void> {
  if (how.depth > MAX_DEPTH) throw cannotRead(path, 'files include each other without end');
  const lines = (await textOf(path)).replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/);
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (line === '') continue;
    const where = `${basename(path)}:${index + 1}`;
    const include = /^(-r|--requirement|-c|--constraint)[\s=]*(\S.*)$/.exec(line);
    if (include?.[2] !== undefined) {
      const constraint = how.constraint || include[1] === '-c' || include[1] === '--constraint';
      if (/^[a-z]+:\/\//i.test(include[2]))
        throw refused(where, 'a file behind an address', 'keep a copy beside torchrig.yaml');
      await readText(resolve(dirname(path), include[2]), found, { depth: how.depth + 1, constraint });
    } else if (/^(-i|-f|--(extra-)?index-url|--find-links|--no-index|--trusted-host)\b/.test(line))
      throw refused(where, 'a file that names package indexes', INDEX_HINT);
    else if (/^(-e|--editable)\b/.test(line)) throw refused(where, 'an editable package', LOCAL_HINT);
    else if (line.startsWith('-'))
      throw refused(where, `the option ${line.split(/[\s=]/)[0]}`, 'leave it out');
    else if (isForeign(line))
      throw refused(where, 'a package from a folder, repository or address', LOCAL_HINT);
    else (how.constraint ? found.constraints : found.wanted).push(takeHashes(line, found));
  }
}

/** [project] dependencies of a pyproject.toml (PEP 621). */
async function readProject(path: string, found: Requirements): Promise<void> {
  const content = parseOf(path, await textOf(path));
  const project = content['project'] as { dependencies?: unknown; dynamic?: unknown } | undefined;
  if (!project) throw cannotRead(path, 'it has no [project] table');
  if (Array.isArray(project.dynamic) && project.dynamic.includes('dependencies'))
    throw refused(
      basename(path),
      'a project whose dependencies are dynamic',
      'write them down in [project] dependencies',
    );
  const list = project.dependencies ?? [];
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string'))
    throw cannotRead(path, 'project.dependencies is not a list of strings');
  for (const each of list) {
    if (isForeign(each))
      throw refused(basename(path), 'a package from a folder, repository or address', LOCAL_HINT);
    found.wanted.push(each);
  }
}

function parseOf(path: string, content: string): Record<string, unknown> {
  try {
    return parse(content);
  } catch (error) {
    throw cannotRead(path, messageOf(error).split('\n')[0] ?? '');
  }
}

/** The exact versions and hashes of a pylock.toml (PEP 751). */
async function readPins(path: string, found: Requirements): Promise<void> {
  const content = await textOf(path);
  parseOf(path, content);
  for (const { name, version, marker, foreign, wheels } of readPylock(content)) {
    if (foreign !== undefined || version === undefined)
      throw refused(basename(path), `${name} from ${foreign ?? 'nowhere'}`, LOCAL_HINT);
    found.wanted.push(`${name}==${version}${marker === undefined ? '' : `; ${marker}`}`);
    const hashes = wheels.flatMap((wheel) => wheel.sha256 ?? []);
    if (hashes.length > 0) found.hashes.set(normalizeName(name), new Set(hashes));
  }
}

/**
 * Reads requirements.txt, pyproject.toml or pylock.toml (told apart by name).
 * Throws RIG-LOCK-030 (unreadable) and -031 (something that a lock of names, versions and hashes cannot hold).
 */
export async function readRequirements(path: string): Promise<Requirements> {
  const found: Requirements = { wanted: [], constraints: [], hashes: new Map() };
  const name = basename(path);
  if (/^pylock(\.[^.]+)?\.toml$/.test(name)) await readPins(path, found);
  else if (name.endsWith('.toml')) await readProject(path, found);
  else await readText(path, found, { depth: 0, constraint: false });
  return found;
}
