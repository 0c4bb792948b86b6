import { distance } from 'fastest-levenshtein';
import { parseRelations } from './debRelations.ts';
import type { DebTerm } from './debRelations.ts';
import type { DebRecord } from './debRecord.ts';
import { compareDebVersions, satisfiesDebRelation } from './debVersion.ts';

/** A version that a Provides gives, or undefined for a plain one. */
export interface Provider {
  record: DebRecord;
  version: string | undefined;
}

/** Package records by name, as `DebianIndex` of sources gives them. */
export interface DebCatalogue {
  /** Every version of a name over all suites. */
  versions(name: string): readonly DebRecord[];
  /** Records whose Provides has this name. */
  providers(name: string): readonly DebRecord[];
  names(): Iterable<string>;
}

/** What may be chosen: one record a name, and what these provide. Worked out as names come up. */
export interface DebUniverse {
  /** Native architecture. */
  arch: string;
  candidate(name: string): DebRecord | undefined;
  /** The best first. Only candidates provide: a superseded version provides nothing. */
  providers(name: string): readonly Provider[];
  names(): Iterable<string>;
}

/** A package version that is preferred over a newer one, by content. */
export type DebPreference = ReadonlyMap<string, { version: string; sha256: string }>;

const PRIORITIES = ['required', 'important', 'standard', 'optional', 'extra'];

/** Essential ones first, then by Priority, then by name: as apt orders the providers of a virtual package. */
function compareProviders(a: Provider, b: Provider): number {
  if (a.record.essential !== b.record.essential) return a.record.essential ? -1 : 1;
  const rank = (provider: Provider): number => {
    const at = PRIORITIES.indexOf(provider.record.priority);
    return at < 0 ? PRIORITIES.length : at;
  };
  return rank(a) - rank(b) || (a.record.name < b.record.name ? -1 : a.record.name > b.record.name ? 1 : 0);
}

/** The real packages' own fields, in the order in which dpkg wants them met. */
export function dependenciesOf(record: DebRecord): DebTerm[][] {
  return [...parseRelations(record.preDepends), ...parseRelations(record.depends)];
}

/** What a package says it does not go with. */
export function refusalsOf(record: DebRecord): DebTerm[] {
  return [...parseRelations(record.conflicts), ...parseRelations(record.breaks)].flat();
}

/** Names and versions of the Provides field. */
export function providesOf(record: DebRecord): { name: string; version: string | undefined }[] {
  return parseRelations(record.provides)
    .flat()
    .map((term) => ({ name: term.name, version: term.relation === '=' ? term.bound : undefined }));
}

/** The preferred version when it is still there, else the highest of all suites (the first of equal ones). */
function pickCandidate(
  records: readonly DebRecord[],
  options: { arch: string; prefer?: DebPreference },
): DebRecord | undefined {
  let best: DebRecord | undefined;
  for (const record of records) {
    if (record.arch !== 'all' && record.arch !== options.arch) continue;
    const wanted = options.prefer?.get(record.name);
    if (wanted?.version === record.version && wanted.sha256 === record.sha256) return record;
    if (best === undefined || compareDebVersions(record.version, best.version) > 0) best = record;
  }
  return best;
}

/** Packages of foreign architectures are left out. */
export function makeUniverse(
  catalogue: DebCatalogue,
  options: { arch: string; prefer?: DebPreference },
): DebUniverse {
  const candidates = new Map<string, DebRecord | undefined>();
  const provided = new Map<string, readonly Provider[]>();
  const candidate = (name: string): DebRecord | undefined => {
    if (!candidates.has(name)) candidates.set(name, pickCandidate(catalogue.versions(name), options));
    return candidates.get(name);
  };
  const providers = (name: string): readonly Provider[] => {
    let known = provided.get(name);
    if (known === undefined) {
      known = catalogue
        .providers(name)
        .filter((record) => candidate(record.name) === record)
        .flatMap((record) =>
          providesOf(record)
            .filter((each) => each.name === name)
            .map(({ version }) => ({ record, version })),
        )
        .sort(compareProviders);
      provided.set(name, known);
    }
    return known;
  };
  return { arch: options.arch, candidate, providers, names: () => catalogue.names() };
}

/** Whether a package of that name and version meets the term; without a version only an unversioned term is met. */
export function meets(term: DebTerm, version: string | undefined): boolean {
  if (term.relation === undefined) return true;
  return version !== undefined && satisfiesDebRelation(version, term.relation, term.bound);
}

/** Whether the architecture qualifier allows packages of the native architecture. */
export function qualifierFits(term: DebTerm, arch: string): boolean {
  return (
    term.qualifier === undefined ||
    term.qualifier === 'any' ||
    term.qualifier === 'native' ||
    term.qualifier === arch
  );
}

/** Everything that could meet a term, the best first: the real package, then providers. */
export function optionsFor(universe: DebUniverse, term: DebTerm): DebRecord[] {
  if (!qualifierFits(term, universe.arch)) return [];
  const found: DebRecord[] = [];
  const real = universe.candidate(term.name);
  if (real && meets(term, real.version)) found.push(real);
  for (const provider of universe.providers(term.name))
    if (meets(term, provider.version) && !found.includes(provider.record)) found.push(provider.record);
  return found;
}

/** Up to `limit` names that look like `name`, the nearest first. */
export function nearestNames(universe: DebUniverse, name: string, limit = 3): string[] {
  const reach = Math.max(1, Math.floor(name.length / 3));
  const scored: [score: number, name: string][] = [];
  for (const known of universe.names()) {
    if (Math.abs(known.length - name.length) > reach) continue;
    const score = distance(name, known);
    if (score <= reach) scored.push([score, known]);
  }
  scored.sort(([a, x], [b, y]) => a - b || (x < y ? -1 : 1));
  return scored.slice(0, limit).map(([, known]) => known);
}
