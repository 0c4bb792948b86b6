import { normalizeName } from '../sources/index.ts';
import type { Platform } from './tables.ts';
import { compareDotted } from './versions.ts';

/** One `Requires-Dist` that holds on the platform in question. */
export interface Requirement {
  /** PEP 503 normalised. */
  name: string;
  specifier: string;
  /** The version of a lone `==`, else undefined. */
  pin: string | undefined;
}

export interface MarkerEnvironment {
  platform: Platform;
  /** Major.minor. */
  python: string;
}

function markerValues({ platform, python }: MarkerEnvironment): Record<string, string> {
  return {
    platform_system: 'Linux',
    sys_platform: 'linux',
    os_name: 'posix',
    platform_machine: platform === 'linux/amd64' ? 'x86_64' : 'aarch64',
    platform_python_implementation: 'CPython',
    implementation_name: 'cpython',
    python_version: python,
    python_full_version: `${python}.0`,
    extra: '',
  };
}

function compareMarker(left: string, operator: string, right: string): boolean {
  if (operator === 'in') return right.includes(left);
  if (operator === 'not in') return !right.includes(left);
  const versions = /^\d+(\.\d+)*$/.test(left) && /^\d+(\.\d+)*$/.test(right);
  const order = versions ? compareDotted(left, right) : left < right ? -1 : Number(left > right);
  return (
    {
      '==': order === 0,
      '!=': order !== 0,
      '<': order < 0,
      '<=': order <= 0,
      '>': order > 0,
      '>=': order >= 0,
    }[operator] ?? true
  );
}

/** Evaluates a PEP 508 marker; something that cannot be read counts as true, so that no requirement is lost. */
export function markerHolds(marker: string, environment: MarkerEnvironment): boolean {
  const values = markerValues(environment);
  const tokens = marker.match(/\(|\)|"[^"]*"|'[^']*'|not\s+in|[<>=!~]+|[\w.]+/g) ?? [];
  let at = 0;
  const value = (token = ''): string => (/^["']/.test(token) ? token.slice(1, -1) : (values[token] ?? ''));
  const atom = (): boolean => {
    if (tokens[at] === '(') {
      at++;
      const inner = either();
      at++;
      return inner;
    }
    const [left, operator, right] = tokens.slice(at, at + 3);
    at += 3;
    return compareMarker(value(left), (operator ?? '').replace(/\s+/, ' '), value(right));
  };
  const both = (): boolean => {
    let holds = atom();
    while (tokens[at] === 'and') {
      at++;
      holds = atom() && holds;
    }
    return holds;
  };
  const either = (): boolean => {
    let holds = both();
    while (tokens[at] === 'or') {
      at++;
      holds = both() || holds;
    }
    return holds;
  };
  return tokens.length === 0 || either();
}

/** Headers of a METADATA file (core metadata, RFC 822 form) up to the description. */
function headersOf(metadata: string): [string, string][] {
  const head = metadata.split(/\r?\n\r?\n/, 1)[0] ?? '';
  return head.split(/\r?\n/).flatMap((line): [string, string][] => {
    const colon = line.indexOf(':');
    return colon <= 0 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]];
  });
}

/** What a wheel requires here, extras left out. */
export function requirementsOf(metadata: string, environment: MarkerEnvironment): Requirement[] {
  return headersOf(metadata).flatMap(([key, text]): Requirement[] => {
    if (key !== 'requires-dist') return [];
    const [requirement = '', ...marker] = text.split(';');
    if (!markerHolds(marker.join(';').trim(), environment)) return [];
    const match = /^([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?\s*([^)]*?)\s*\)?$/.exec(requirement.trim());
    if (match?.[1] === undefined) return [];
    const specifier = match[2] ?? '';
    const pin = /^===?\s*([^,*\s]+)$/.exec(specifier)?.[1];
    return [{ name: normalizeName(match[1]), specifier, pin }];
  });
}

/** The first value of a header, `Requires-Python`. */
export function headerOf(metadata: string, name: string): string | undefined {
  return headersOf(metadata).find(([key]) => key === name.toLowerCase())?.[1];
}
