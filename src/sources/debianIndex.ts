import { readFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  EXIT,
  type HomeLayout,
  type Progress,
  RigError,
  isRigError,
  messageOf,
  sha256Hex,
  writeFileAtomic,
} from '../kernel/index.ts';
import { type Http, type Location, type Store, redactUrl } from '../store/index.ts';
import type { DebianArchive, DebianSources } from './debianSources.ts';
import {
  COMPACT_FORMAT,
  type IndexedPackage,
  compactPackages,
  packageOfLine,
  scanCompact,
} from './packagesFile.ts';
import { type Release, checkRelease, parseRelease, verifyInRelease } from './release.ts';

/** All packages of some suites. Objects are made when they are asked for. */
export interface DebianIndex {
  /** Every version of a name over all suites, in the order of the suites. */
  versions(name: string): readonly IndexedPackage[];
  /** Packages whose Provides has this name. */
  providers(name: string): readonly IndexedPackage[];
  names(): Iterable<string>;
  /** Number of entries. */
  size: number;
  /** Newest Date of the suites, in seconds since 1970: changes whenever a suite does. */
  date: number;
  suites: { suite: string; archive: DebianArchive; date: number; mirror: string }[];
}

export interface DebianIndexOptions {
  sources: DebianSources;
  http: Http;
  store: Store;
  home: HomeLayout;
  suites: readonly string[];
  arch: 'amd64' | 'arm64';
  /** Default `main`. */
  components?: readonly string[];
  progress?: Progress;
  signal?: AbortSignal;
  /** Seconds since 1970; default: the clock. */
  now?: number;
}

/**
 * Fetches and verifies the indexes of the suites: InRelease by its signature, Packages by the sha256 in it.
 * Packages files are kept in the store and, compacted, in the cache, so that the next call costs a few small requests.
 * Throws RIG-SOURCES-006, -007, -008.
 */
export async function debianIndex(options: DebianIndexOptions): Promise<DebianIndex> {
  const loaded = await Promise.all(options.suites.map((suite) => loadSuite(suite, options)));
  return indexOf(loaded);
}

interface LoadedSuite {
  suite: string;
  archive: DebianArchive;
  mirror: string;
  release: Release;
  /** One compact text a component. */
  texts: string[];
}

async function loadSuite(suite: string, options: DebianIndexOptions): Promise<LoadedSuite> {
  const archive: DebianArchive = suite.endsWith('-security') ? 'debian-security' : 'debian';
  const tried: string[] = [];
  let failure: RigError | undefined;
  for (const mirror of options.sources.mirrors[archive]) {
    try {
      const release = await readRelease(mirror, suite, options);
      const components = options.components ?? ['main'];
      const texts = await Promise.all(
        components.map((component) => readPackages({ mirror, suite, component, release }, options)),
      );
      return { suite, archive, mirror: redactUrl(mirror), release, texts };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isRigError(error)) throw error;
      if (error.exitCode !== EXIT.source) throw error;
      // a broken promise of a mirror is worse news than a missing file
      if (!failure || error.code !== 'RIG-SOURCES-008') failure = error;
      tried.push(`${redactUrl(mirror)}: ${error.why ?? error.message}`);
    }
  }
  if (failure && options.sources.mirrors[archive].length === 1) throw failure;
  throw unavailable(suite, tried.join('; '), failure);
}

async function readRelease(mirror: string, suite: string, options: DebianIndexOptions): Promise<Release> {
  const location = options.sources.at(mirror, `dists/${suite}/InRelease`);
  const label = `the InRelease file of ${suite}`;
  const text = await readSmall(location, label, options);
  const now = options.now ?? Math.floor(Date.now() / 1000);
  const seen = join(options.home.cache, 'debian', `inrelease-${sha256Hex(text)}.txt`);
  let signed = await readFile(seen, 'utf8').catch(() => undefined);
  if (signed === undefined) {
    signed = await verifyInRelease(text, { label, keyrings: options.sources.keyrings });
    await writeFileAtomic(seen, signed).catch(() => {});
  }
  const release = parseRelease(signed);
  checkRelease(release, { suite, label, checkValidUntil: options.sources.checkValidUntil, now });
  return release;
}

async function readSmall(location: Location, label: string, options: DebianIndexOptions): Promise<string> {
  if (location.url.startsWith('file:'))
    return readFile(new URL(location.url), 'utf8').catch((error: unknown) => {
      throw unavailable(label, messageOf(error));
    });
  const answer = await options.http.fetch(location, {
    limit: 16 << 20,
    ...(options.signal && { signal: options.signal }),
  });
  if (answer.status !== 200) throw unavailable(label, `${redactUrl(location.url)} answered ${answer.status}`);
  return answer.body.toString('utf8');
}

/** gzip first: it inflates ten times faster than xz and is a third larger. */
const SUFFIXES = ['.gz', '.xz', ''] as const;

async function readPackages(
  at: { mirror: string; suite: string; component: string; release: Release },
  options: DebianIndexOptions,
): Promise<string> {
  const folder = `${at.component}/binary-${options.arch}`;
  const plain = at.release.files.get(`${folder}/Packages`);
  const listed = SUFFIXES.flatMap((suffix) => {
    const file = at.release.files.get(`${folder}/Packages${suffix}`);
    return file ? [{ suffix, ...file }] : [];
  });
  // archives sign the uncompressed file too, but most do not carry it
  const offered = listed.length > 1 ? listed.filter((file) => file.suffix !== '') : listed;
  if (offered.length === 0) throw unavailable(at.suite, `it has no ${folder}`);
  const key = plain?.sha256 ?? offered[0]?.sha256 ?? '';
  const cache = join(options.home.cache, 'debian', `${COMPACT_FORMAT}-${key}.tsv`);
  const known = await readFile(cache, 'latin1').catch(() => undefined);
  if (known !== undefined) return known;
  let failure: unknown;
  for (const choice of offered) {
    const path = `${folder}/Packages${choice.suffix}`;
    const base = `dists/${at.suite}`;
    const places = [
      ...(at.release.byHash ? [`${base}/${folder}/by-hash/SHA256/${choice.sha256}`] : []),
      `${base}/${path}`,
    ].map((place) => options.sources.at(at.mirror, place));
    try {
      await options.store.fetch(
        [
          {
            sha256: choice.sha256,
            size: choice.size,
            label: `${at.suite} ${path}`,
            locate: () => Promise.resolve(places),
          },
        ],
        {
          task: `packages-${at.suite}-${at.component}`,
          ...(options.progress && { progress: options.progress }),
          ...(options.signal && { signal: options.signal }),
        },
      );
      const compact = await compactPackages(
        await decompressed(options.store.path(choice.sha256), choice.suffix),
      );
      await writeFileAtomic(cache, Buffer.from(compact, 'latin1')).catch(() => {});
      return compact;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isRigError(error) && error.exitCode !== EXIT.source) throw error;
      failure ??= error;
    }
  }
  throw unavailable(
    at.suite,
    isRigError(failure) ? (failure.why ?? failure.message) : messageOf(failure),
    failure,
  );
}

async function decompressed(path: string, suffix: string): Promise<AsyncIterable<Uint8Array>> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  if (suffix === '') return file;
  if (suffix === '.gz') return file.pipe(createGunzip({ chunkSize: 1 << 18 }));
  const xz = await import('xz-decompress');
  // CommonJS: node offers its exports as default only, loaders and bundlers by name
  const { XzReadableStream } = 'XzReadableStream' in xz ? xz : (xz as { default: typeof xz }).default;
  return Readable.fromWeb(new XzReadableStream(Readable.toWeb(file) as never) as never);
}

function indexOf(suites: readonly LoadedSuite[]): DebianIndex {
  const byName = new Map<string, Entry[]>();
  const byProvided = new Map<string, Entry[]>();
  let size = 0;
  for (const suite of suites)
    for (const text of suite.texts)
      scanCompact(text, (name, provided, { start, end }) => {
        const entry: Entry = { text, start, end, suite, made: undefined };
        push(byName, name, entry);
        for (const virtual of provided) push(byProvided, virtual, entry);
        size += 1;
      });
  return {
    size,
    date: Math.max(...suites.map((suite) => suite.release.date)),
    suites: suites.map(({ suite, archive, mirror, release }) => ({
      suite,
      archive,
      mirror,
      date: release.date,
    })),
    names: () => byName.keys(),
    versions: (name) => (byName.get(name) ?? []).map(materialise),
    providers: (name) => (byProvided.get(name) ?? []).map(materialise),
  };
}

interface Entry {
  text: string;
  start: number;
  end: number;
  suite: LoadedSuite;
  made: IndexedPackage | undefined;
}

function push(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = map.get(key);
  if (list) list.push(entry);
  else map.set(key, [entry]);
}

function materialise(entry: Entry): IndexedPackage {
  entry.made ??= Object.assign(packageOfLine(entry.text.slice(entry.start, entry.end)), {
    archive: entry.suite.archive,
    suite: entry.suite.suite,
  });
  return entry.made;
}

function unavailable(suite: string, why: string, cause?: unknown): RigError {
  return new RigError('RIG-SOURCES-008', `the Debian index of ${suite} cannot be had`, {
    why,
    hint: 'try again in a few minutes (mirrors change), or name another mirror: TORCHRIG_DEBIAN_MIRROR',
    exitCode: EXIT.source,
    ...(cause !== undefined && { cause }),
  });
}
