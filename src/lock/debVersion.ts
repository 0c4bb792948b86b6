/** Weight of a character in the non-digit part: `~` before the end, the end before letters, letters before the rest. */
function weight(text: string, at: number): number {
  const code = at < text.length ? text.charCodeAt(at) : 0;
  if (code === 0 || (code >= 48 && code <= 57)) return 0;
  if (code === 126) return -1;
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) ? code : code + 256;
}

const isDigit = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
};

/** Compares an upstream version or a revision: non-digit and digit runs in turn. */
function compareParts(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = weight(a, i) - weight(b, j);
      if (difference !== 0) return Math.sign(difference);
      i += 1;
      j += 1;
    }
    while (a[i] === '0') i += 1;
    while (b[j] === '0') j += 1;
    let first = 0;
    while (isDigit(a, i) && isDigit(b, j)) {
      if (first === 0) first = a.charCodeAt(i) - b.charCodeAt(j);
      i += 1;
      j += 1;
    }
    if (isDigit(a, i)) return 1;
    if (isDigit(b, j)) return -1;
    if (first !== 0) return Math.sign(first);
  }
  return 0;
}

function split(version: string): [epoch: string, upstream: string, revision: string] {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return [
    colon < 0 ? '0' : version.slice(0, colon),
    dash < 0 ? rest : rest.slice(0, dash),
    dash < 0 ? '' : rest.slice(dash + 1),
  ];
}

/** Order of two Debian versions, as Debian Policy 5.6.12 says: -1, 0 or 1. */
export function compareDebVersions(a: string, b: string): number {
  if (a === b) return 0;
  const [epochA, upstreamA, revisionA] = split(a);
  const [epochB, upstreamB, revisionB] = split(b);
  return (
    compareParts(epochA, epochB) || compareParts(upstreamA, upstreamB) || compareParts(revisionA, revisionB)
  );
}

export type DebRelation = '<<' | '<=' | '=' | '>=' | '>>';

const HOLDS: Record<DebRelation, (order: number) => boolean> = {
  '<<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '=': (order) => order === 0,
  '>=': (order) => order >= 0,
  '>>': (order) => order > 0,
};

/** Whether `version` stands in `relation` to `bound`. */
export function satisfiesDebRelation(version: string, relation: DebRelation, bound: string): boolean {
  return HOLDS[relation](compareDebVersions(version, bound));
}
