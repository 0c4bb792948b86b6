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

/** All packages that may be chosen: one record a name, and what they provide. */
export interface DebUniverse {
  /** Native architecture. */
  arch: string;
  candidates: ReadonlyMap<string, DebRecord>;
  /** Virtual name -> providers, the best first. Only candidates provide: a superseded version provides nothing. */
  providers: ReadonlyMap<string, readonly Provider[]>;
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

/**
 * Picks one candidate a name: the preferred version when it is still there, else the highest of all suites (the first
 * of equal ones). Packages of foreign architectures are left out.
 */
export function makeUniverse(
  records: Iterable<DebRecord>,
  options: { arch: string; prefer?: DebPreference },
): DebUniverse {
  const candidates = new Map<string, DebRecord>();
  const held = new Set<string>();
  for (const record of records) {
    if (record.arch !== 'all' && record.arch !== options.arch) continue;
    if (held.has(record.name)) continue;
    const wanted = options.prefer?.get(record.name);
    if (wanted !== undefined && wanted.version === record.version && wanted.sha256 === record.sha256) {
      held.add(record.name);
      candidates.set(record.name, record);
      continue;
    }
    const known = candidates.get(record.name);
    if (known === undefined || compareDebVersions(record.version, known.version) > 0)
      candidates.set(record.name, record);
  }
  const providers = new Map<string, Provider[]>();
  for (const record of candidates.values()) {
    if (record.provides === '') continue;
    for (const { name, version } of providesOf(record)) {
      const list = providers.get(name);
      if (list) list.push({ record, version });
      else providers.set(name, [{ record, version }]);
    }
  }
  for (const list of providers.values()) list.sort(compareProviders);
  return { arch: options.arch, candidates, providers };
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
  const real = universe.candidates.get(term.name);
  if (real && meets(term, real.version)) found.push(real);
  for (const provider of universe.providers.get(term.name) ?? [])
    if (meets(term, provider.version) && !found.includes(provider.record)) found.push(provider.record);
  return found;
}

/** Up to `limit` names that look like `name`, the nearest first. */
export function nearestNames(universe: DebUniverse, name: string, limit = 3): string[] {
  const reach = Math.max(1, Math.floor(name.length / 3));
  const scored: [score: number, name: string][] = [];
  for (const names of [universe.candidates.keys(), universe.providers.keys()])
    for (const known of names) {
      if (Math.abs(known.length - name.length) > reach) continue;
      const score = distance(name, known);
      if (score <= reach) scored.push([score, known]);
    }
  scored.sort(([a, x], [b, y]) => a - b || (x < y ? -1 : 1));
  return [...new Set(scored.map(([, known]) => known))].slice(0, limit);
}
