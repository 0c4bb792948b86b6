import type { DebRelation } from './debVersion.ts';

/** One alternative of a relation: `libssl3 (>= 3.0)`. */
export interface DebTerm {
  name: string;
  /** `any`, `native`, an architecture, or undefined. */
  qualifier: string | undefined;
  relation: DebRelation | undefined;
  /** Version it is compared with; empty without a relation. */
  bound: string;
}

const TERM =
  /^([a-z0-9][a-z0-9+.-]*)(?::([a-z0-9-]+))?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s)]+)\s*\))?(?:\s*\[[^\]]*\])?$/i;
// `<` and `>` are obsolete spellings of `<=` and `>=` (Debian Policy 7.1).
const OBSOLETE: Record<string, DebRelation> = { '<': '<=', '>': '>=' };

function parseTerm(text: string): DebTerm | undefined {
  const match = TERM.exec(text);
  if (!match?.[1]) return undefined;
  const relation = match[3];
  return {
    name: match[1],
    qualifier: match[2],
    relation: relation === undefined ? undefined : (OBSOLETE[relation] ?? (relation as DebRelation)),
    bound: match[4] ?? '',
  };
}

/**
 * A relationship field (Debian Policy 7.1) as a conjunction of alternatives. A term that cannot be read is left out;
 * a group of which nothing can be read stays as an empty list, which nothing satisfies.
 */
export function parseRelations(field: string | undefined): DebTerm[][] {
  if (!field) return [];
  const groups: DebTerm[][] = [];
  for (const part of field.split(',')) {
    const group = part.trim();
    if (group === '') continue;
    groups.push(
      group
        .split('|')
        .map((term) => parseTerm(term.trim()))
        .filter((term) => term !== undefined),
    );
  }
  return groups;
}

export function formatTerm(term: DebTerm): string {
  const name = term.qualifier === undefined ? term.name : `${term.name}:${term.qualifier}`;
  return term.relation === undefined ? name : `${name} (${term.relation} ${term.bound})`;
}
