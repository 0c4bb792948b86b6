import { readFile, readdir, stat } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EXIT, RigError, isRigError, messageOf } from '../kernel/index.ts';
import { type Http, type Location, redactUrl } from '../store/index.ts';
import { type ListedFile, lastSegment, readHtmlPage, readJsonPage } from './projectPage.ts';
import { type PythonSources, connectionTo } from './pythonSources.ts';
import { remoteSize } from './remoteFile.ts';
import { type WheelName, normalizeName, parseWheelName } from './wheelName.ts';

/** A file that some configured place offers. */
export interface IndexFile extends ListedFile {
  /** How to fetch it, credentials included: never show it. */
  location: Location;
  /** Which index or find-links place lists it, fit for messages. */
  index: string;
}

/** A wheel that can be had here: the answer to "is this variant served?". */
export interface ServedWheel extends WheelName {
  file: string;
  yanked: boolean;
  requiresPython: string | undefined;
  index: string;
}

/** The package indexes of this machine, asked together. Pages are read once per object. */
export interface PythonIndex {
  /** All files of a project over all indexes and find-links; empty when nobody has it. Throws RIG-SOURCES-002. */
  files(project: string): Promise<IndexFile[]>;
  /** The wheels among them, with their tags. `keep: false`: the page is large and will not be asked for again. */
  servedWheels(project: string, options?: { keep?: boolean }): Promise<ServedWheel[]>;
  /** Where a locked wheel can be had, nearest first; at least one place. Throws RIG-SOURCES-002, -003. */
  locateWheel(wheel: { name: string; file: string; sha256: string }): Promise<Location[]>;
  /** Bytes of a file, asked of its server where the index does not say. */
  sizeOf(file: IndexFile): Promise<number>;
}

const ACCEPT =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';

/** A client for the indexes of `sources`; nothing is asked before it is needed. */
export function pythonIndex(sources: PythonSources, http: Http): PythonIndex {
  const pages = new Map<string, Promise<Answer[]>>();
  let links: Promise<Answer[]> | undefined;
  const indexes = [...new Set([sources.indexUrl, ...sources.extraIndexUrls])].filter(
    (url) => url !== undefined,
  );

  /** With `only`, for one file: little is read of each page, and nothing kept. */
  const ask = (
    project: string,
    { only, keep = only === undefined }: { only?: string; keep?: boolean } = {},
  ): Promise<Answer[]> => {
    const name = normalizeName(project);
    links ??= Promise.all(
      sources.findLinks.map((place) => answered(place, readLinks(place, { sources, http }))),
    );
    let known = pages.get(name);
    if (!known) {
      const at = { sources, http, ...(only !== undefined && { only }) };
      known = Promise.all(indexes.map((root) => answered(root, readProject(`${root}/${name}/`, at))));
      if (keep) pages.set(name, known);
    }
    return Promise.all([links, known]).then((all) => all.flat());
  };

  const listed = (answers: readonly Answer[], project: string): IndexFile[] =>
    answers.flatMap((answer) =>
      answer.files
        .filter((file) => belongsTo(file.file, normalizeName(project)))
        .map((file) =>
          Object.assign(file, {
            index: redactUrl(answer.place),
            location: locationOf(file.url, answer.place, sources),
          }),
        ),
    );

  const files = async (project: string, how: { keep?: boolean } = {}): Promise<IndexFile[]> => {
    const answers = await ask(project, how);
    const failed = answers.find((answer) => answer.error);
    if (failed?.error) throw failed.error;
    return listed(answers, project);
  };

  return {
    files: (project) => files(project),
    async servedWheels(project, how) {
      return (await files(project, how)).flatMap((file) => {
        const name = parseWheelName(file.file);
        const { yanked, requiresPython, index } = file;
        return name ? [Object.assign(name, { file: file.file, yanked, requiresPython, index })] : [];
      });
    },
    async locateWheel({ name, file, sha256 }) {
      const answers = await ask(name, { only: file });
      const same = listed(answers, name).filter((entry) => entry.file === file);
      const good = same.filter((entry) => entry.sha256 === undefined || entry.sha256 === sha256);
      if (good.length === 0) throw notListed({ name, file, sha256 }, { answers, other: same });
      return good.sort((a, b) => rank(a) - rank(b)).map((entry) => entry.location);
    },
    sizeOf: async (file) => file.size ?? remoteSize(file.location, http),
  };
}

/** Near places first, then those whose page vouches for the hash. */
function rank(entry: IndexFile): number {
  if (entry.url.startsWith('file:')) return 0;
  return entry.sha256 ? 1 : 2;
}

/** What one place said; an error is kept until it matters. */
interface Answer {
  place: string;
  files: ListedFile[];
  error?: RigError;
}

async function answered(place: string, work: Promise<ListedFile[]>): Promise<Answer> {
  try {
    return { place, files: await work };
  } catch (error) {
    const why = isRigError(error) && error.why ? error.why : messageOf(error);
    const named = new RigError(
      'RIG-SOURCES-002',
      `the package index ${redactUrl(place)} does not answer as one`,
      {
        why,
        hint: 'check the address (pip config list), the network and proxy settings, and credentials; then run the same command again',
        exitCode: EXIT.source,
        details: { index: redactUrl(place) },
        cause: error,
      },
    );
    return { place, files: [], error: named };
  }
}

interface Reading {
  sources: PythonSources;
  http: Http;
  /** Only this file matters. */
  only?: string;
}

async function readProject(url: string, reading: Reading): Promise<ListedFile[]> {
  if (url.startsWith('file:')) {
    const path = fileURLToPath(url);
    const page = await readFile(`${path}index.html`, 'utf8').catch(() => undefined);
    if (page !== undefined) return readHtmlPage(page, url, reading.only);
    const names = await readdir(path).catch(() => [] as string[]);
    return names.map((name) => localFile(`${path}${name}`));
  }
  return readPage(url, reading);
}

/** A find-links place: a folder, a wheel, or a page of links. */
async function readLinks(url: string, reading: Reading): Promise<ListedFile[]> {
  if (!url.startsWith('file:'))
    return /[.](whl|tar[.]gz|zip)$/.test(url) ? readOne(url) : readPage(url, reading);
  const path = fileURLToPath(url);
  const found = await stat(path).catch(() => undefined);
  if (!found) return [];
  if (found.isDirectory())
    return (await readdir(path)).map((name) => localFile(`${path.replace(/\/$/, '')}/${name}`));
  return /[.]html?$/.test(path) ? readHtmlPage(await readFile(path, 'utf8'), url) : [localFile(path)];
}

async function readPage(url: string, reading: Reading): Promise<ListedFile[]> {
  const { sources, http, only } = reading;
  const answer = await http.fetch({ url, via: connectionTo(url, sources) }, { headers: { accept: ACCEPT } });
  if (answer.status === 404 || answer.status === 410) return [];
  if (answer.status !== 200) throw new Error(`${redactUrl(url)} answered ${answer.status}`);
  const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const text = answer.body.toString('utf8');
  if (type.endsWith('json')) return readJsonPage(text, answer.url);
  if (type.endsWith('html')) return readHtmlPage(text, answer.url, only);
  throw new Error(
    `${redactUrl(url)} answered with ${type || 'content of no stated type'}, not with a project page`,
  );
}

function readOne(url: string): ListedFile[] {
  return readHtmlPage(`<a href="${url.replaceAll('"', '%22')}"></a>`, url);
}

function localFile(path: string): ListedFile {
  const url = pathToFileURL(path);
  return {
    file: lastSegment(url),
    url: url.href,
    sha256: undefined,
    size: undefined,
    requiresPython: undefined,
    yanked: false,
    hasMetadata: false,
    uploaded: undefined,
  };
}

function belongsTo(file: string, project: string): boolean {
  const wheel = parseWheelName(file);
  if (wheel) return wheel.name === project;
  const stem = /^(.+)-[^-]+(?:[.]tar[.](?:gz|bz2|xz)|[.]zip)$/.exec(file)?.[1];
  return stem !== undefined && normalizeName(stem) === project;
}

/** Files on the index's own server need the index's credentials; other servers must not see them. */
function locationOf(url: string, place: string, sources: PythonSources): Location {
  const target = new URL(url);
  const root = new URL(place);
  if (target.protocol !== 'file:' && target.origin === root.origin && root.username && !target.username) {
    target.username = root.username;
    target.password = root.password;
  }
  return { url: target.href, via: connectionTo(url, sources) };
}

function notListed(
  wheel: { name: string; file: string; sha256: string },
  found: { answers: readonly Answer[]; other: readonly IndexFile[] },
): RigError {
  const failed = found.answers.find((answer) => answer.error);
  if (failed?.error) return failed.error;
  const places = found.answers.map((answer) => redactUrl(answer.place));
  const why =
    found.other.length > 0
      ? `${found.other[0]?.index} has a file of this name with another sha256 (${found.other[0]?.sha256}, locked: ${wheel.sha256})`
      : `not listed by ${places.join(', ')}`;
  return new RigError('RIG-SOURCES-003', `no package source has ${wheel.file}`, {
    why,
    hint: 'add the index it was locked from (pip config set global.extra-index-url ADDRESS), or: rig lock --upgrade',
    exitCode: EXIT.source,
    details: { file: wheel.file, places },
  });
}
