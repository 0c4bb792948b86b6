/** The parts of a wheel's file name (PEP 427). */
export interface WheelName {
  /** PEP 503 normalised. */
  name: string;
  /** With local part: `2.7.1+cu126`. */
  version: string;
  /** After the `+`: `cu126`, or undefined. */
  local: string | undefined;
  build: string | undefined;
  /** `cp311`, or several joined by dots. */
  python: string;
  abi: string;
  platforms: string[];
}

/** PEP 503: runs of `-`, `_`, `.` are one `-`, lower case. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** Undefined for what is not a wheel's name. */
export function parseWheelName(file: string): WheelName | undefined {
  if (!file.endsWith('.whl')) return undefined;
  const parts = file.slice(0, -4).split('-');
  if (parts.length !== 5 && parts.length !== 6) return undefined;
  const [name = '', version = ''] = parts;
  const [python = '', abi = '', platform = ''] = parts.slice(-3);
  if (!name || !version || !python || !abi || !platform) return undefined;
  const clean = version.replaceAll('_', '-');
  return {
    name: normalizeName(name),
    version: clean,
    local: /\+(.+)$/.exec(clean)?.[1],
    build: parts.length === 6 ? parts[2] : undefined,
    python,
    abi,
    platforms: platform.split('.'),
  };
}
