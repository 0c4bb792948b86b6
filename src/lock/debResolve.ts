import { formatTerm } from './debRelations.ts';
import type { DebTerm } from './debRelations.ts';
import type { DebRecord } from './debRecord.ts';
import { conflictProblem, manyProviders, tooHard, unknownPackage, unmetProblem } from './debProblems.ts';
import { dependenciesOf, meets, optionsFor, providesOf, qualifierFits, refusalsOf } from './debUniverse.ts';
import type { DebUniverse, Provider } from './debUniverse.ts';

interface Chosen {
  record: DebRecord;
  /** Name of the package that needs it; undefined when it was asked for. */
  by: string | undefined;
  /** True when something else could have met the same need. */
  choice: boolean;
}

interface Refusal {
  term: DebTerm;
  by: DebRecord;
}

/** Why a package cannot be chosen. */
export type DebProblem =
  | { kind: 'unmet'; parent: DebRecord; need: string; chain: string[]; known: string | undefined }
  | {
      kind: 'conflict';
      refuser: string;
      term: string;
      other: string;
      chains: [string[], string[]];
      escape?: string;
    };

interface State {
  universe: DebUniverse;
  /** Candidates not to be taken where something else will do: they led to a conflict before. */
  avoid: ReadonlySet<string>;
  chosen: Map<string, Chosen>;
  provided: Map<string, Provider[]>;
  refusals: Map<string, Refusal[]>;
  /** Names in the order in which they were chosen, to take choices back. */
  journal: string[];
  steps: number;
}

// A real set needs a few thousand steps; this only ends a search that nobody would wait for.
const STEP_LIMIT = 500_000;
const RESTART_LIMIT = 50;

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** From what was asked down to `name`. */
function chainTo(state: State, name: string): string[] {
  const chain = [name];
  for (let by = state.chosen.get(name)?.by; by !== undefined; by = state.chosen.get(by)?.by)
    chain.unshift(by);
  return chain;
}

/** The package on the way to `name` that was taken where something else would have done. */
function escapeOf(state: State, name: string): string | undefined {
  for (let at: string | undefined = name; at !== undefined; at = state.chosen.get(at)?.by)
    if (state.chosen.get(at)?.choice) return at;
  return undefined;
}

function isMet(state: State, term: DebTerm): boolean {
  if (!qualifierFits(term, state.universe.arch)) return false;
  const real = state.chosen.get(term.name);
  if (real && meets(term, real.record.version)) return true;
  return state.provided.get(term.name)?.some((provider) => meets(term, provider.version)) ?? false;
}

/** A pair that cannot stand together: the one that says so, and the other. */
function findConflict(
  state: State,
  record: DebRecord,
): { refuser: DebRecord; term: DebTerm; other: DebRecord } | undefined {
  for (const term of refusalsOf(record)) {
    if (!qualifierFits(term, state.universe.arch)) continue;
    const real = state.chosen.get(term.name);
    if (real && real.record !== record && meets(term, real.record.version))
      return { refuser: record, term, other: real.record };
    const provider = state.provided
      .get(term.name)
      ?.find((each) => each.record !== record && meets(term, each.version));
    if (provider) return { refuser: record, term, other: provider.record };
  }
  for (const { name, version } of [{ name: record.name, version: record.version }, ...providesOf(record)]) {
    const refusal = state.refusals
      .get(name)
      ?.find(
        (each) =>
          each.by !== record && meets(each.term, version) && qualifierFits(each.term, state.universe.arch),
      );
    if (refusal) return { refuser: refusal.by, term: refusal.term, other: record };
  }
  return undefined;
}

function add(state: State, record: DebRecord, how: { by: string | undefined; choice: boolean }): void {
  state.chosen.set(record.name, { record, ...how });
  for (const { name, version } of providesOf(record)) push(state.provided, name, { record, version });
  for (const term of refusalsOf(record)) push(state.refusals, term.name, { term, by: record });
  state.journal.push(record.name);
}

/** Takes back what was chosen after the journal had `length` entries. */
function rollBack(state: State, length: number): void {
  while (state.journal.length > length) {
    const record = state.chosen.get(state.journal.pop() as string)?.record;
    if (!record) continue;
    state.chosen.delete(record.name);
    for (const { name } of providesOf(record)) state.provided.get(name)?.pop();
    for (const term of refusalsOf(record)) state.refusals.get(term.name)?.pop();
  }
}

function place(
  state: State,
  record: DebRecord,
  how: { by: string | undefined; choice: boolean },
): DebProblem | undefined {
  const clash = findConflict(state, record);
  if (clash) {
    const known = clash.refuser === record ? clash.other : clash.refuser;
    const chain = [...(how.by === undefined ? [] : chainTo(state, how.by)), record.name];
    const escape = escapeOf(state, known.name);
    return {
      kind: 'conflict',
      refuser: clash.refuser.name,
      term: formatTerm(clash.term),
      other: clash.other.name,
      chains: [chain, chainTo(state, known.name)],
      ...(escape === undefined ? {} : { escape }),
    };
  }
  add(state, record, how);
  return undefined;
}

/** Chooses what meets one group of alternatives; leaves the state as it was when nothing does. */
function meetGroup(state: State, group: DebTerm[], parent: DebRecord): DebProblem | undefined {
  if (group.some((term) => isMet(state, term))) return undefined;
  const options = [...new Set(group.flatMap((term) => optionsFor(state.universe, term)))];
  const allowed = options.filter((option) => !state.avoid.has(option.name));
  let first: DebProblem | undefined;
  for (const option of allowed) {
    // A name stands for one version: another one of it is chosen already and did not do.
    if (state.chosen.has(option.name)) continue;
    const length = state.journal.length;
    const problem =
      place(state, option, { by: parent.name, choice: options.length > 1 }) ?? meetAll(state, option);
    if (!problem) return undefined;
    rollBack(state, length);
    first ??= problem;
  }
  return (
    first ?? {
      kind: 'unmet',
      parent,
      need: group.map(formatTerm).join(' | '),
      chain: chainTo(state, parent.name),
      known: group.map((term) => state.universe.candidate(term.name)).find((each) => each)?.version,
    }
  );
}

function meetAll(state: State, record: DebRecord): DebProblem | undefined {
  state.steps += 1;
  if (state.steps > STEP_LIMIT) throw tooHard(record.name);
  for (const group of dependenciesOf(record)) {
    const problem = meetGroup(state, group, record);
    if (problem) return problem;
  }
  return undefined;
}

/** The package meant by a name that was asked for: itself, or the only one that provides it. */
function askedRecord(universe: DebUniverse, name: string): DebRecord {
  const real = universe.candidate(name);
  if (real) return real;
  const providers = universe.providers(name);
  const records = [...new Set(providers.map((provider) => provider.record))];
  if (records.length > 1) throw manyProviders(name, records);
  if (!records[0]) throw unknownPackage(universe, name);
  return records[0];
}

function attempt(universe: DebUniverse, asked: DebRecord[], avoid: ReadonlySet<string>): State | DebProblem {
  const state: State = {
    universe,
    avoid,
    chosen: new Map(),
    provided: new Map(),
    refusals: new Map(),
    journal: [],
    steps: 0,
  };
  // What was asked for is chosen first, so that a dependency is met by it rather than by its own first alternative.
  for (const record of asked) {
    const problem = state.chosen.has(record.name)
      ? undefined
      : place(state, record, { by: undefined, choice: false });
    if (problem) return problem;
  }
  for (const record of asked) {
    const problem = meetAll(state, record);
    if (problem) return problem;
  }
  return state;
}

/**
 * The packages that `asked` needs, sorted by name; the same ones that apt chooses on an empty system without Recommends.
 * Depth first: a dependency that is met already, also through Provides, is left alone; else the first alternative that can be
 * had, a real package before providers. Conflicts and Breaks are held; an alternative that led into one is avoided and
 * the search starts again. The order of `asked` does not matter.
 * Throws RIG-LOCK-020 (unknown name), -021 (several providers), -022 (unmet), -023 (conflict).
 */
export function resolveDebs(universe: DebUniverse, asked: readonly string[]): DebRecord[] {
  const records = [...new Set(asked)].sort().map((name) => askedRecord(universe, name));
  const avoid = new Set<string>();
  let conflict: (DebProblem & { kind: 'conflict' }) | undefined;
  for (;;) {
    const outcome = attempt(universe, records, avoid);
    if (!('kind' in outcome))
      return [...outcome.chosen.values()]
        .map((each) => each.record)
        .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    if (outcome.kind === 'conflict') conflict = outcome;
    const escape = outcome.kind === 'conflict' ? outcome.escape : undefined;
    if (escape === undefined || avoid.has(escape) || avoid.size >= RESTART_LIMIT)
      // Something unmet only because the alternatives are avoided is the conflict that had them avoided.
      throw conflict === undefined
        ? unmetProblem(outcome as DebProblem & { kind: 'unmet' })
        : conflictProblem(conflict);
    avoid.add(escape);
  }
}
