import { closest, distance } from 'fastest-levenshtein';
import * as v from 'valibot';
import type { Finding } from './findings.ts';
import { crossChecks } from './crossChecks.ts';
import { readYaml, type ReadYaml } from './readYaml.ts';
import { fileSchema, KNOWN_KEYS, type FileSpec } from './schema.ts';
import { shown } from './reading.ts';

type Path = (string | number)[];
type Issue = v.BaseIssue<unknown>;

export type ValidatedFile = { spec: FileSpec } | { findings: Finding[] };

/** The bytes of a torchrig.yaml -> its values, or everything that is wrong with it, in the order of the file. `presets`: names to accept. */
export function validateFile(
  bytes: Uint8Array,
  env: NodeJS.ProcessEnv,
  presets?: readonly string[],
): ValidatedFile {
  const read = readYaml(bytes, env);
  if (read.findings.length > 0 && read.data === undefined) return { findings: read.findings };
  refuseLists(read);
  const parsed = v.safeParse(fileSchema, read.data ?? {});
  const findings = [...read.findings];
  for (const issue of parsed.issues ?? [])
    for (const { path, message } of flatten(issue, [], read))
      if (!isFailed(read, path)) findings.push({ path, message, ...placeOf(read, path, message) });
  if (parsed.success)
    for (const { path, message } of crossChecks(parsed.output, namesOfEnv(read)))
      if (!isFailed(read, path)) findings.push({ path, message, ...placeOf(read, path, message) });
  if (presets && parsed.success) findings.push(...unknownPreset(parsed.output.preset, presets, read));
  if (parsed.success && findings.length === 0) return { spec: parsed.output };
  return { findings: findings.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** valibot takes a list for an object with the keys 0, 1, ...: said here, in better words. */
function refuseLists(read: ReadYaml): void {
  const data = (read.data ?? {}) as Record<string, unknown>;
  for (const key of ['packages', 'ports', 'env']) {
    if (!Array.isArray(data[key])) continue;
    const message = `must be ${KINDS[key === 'env' ? 'record' : 'strict_object']}, not a list`;
    read.findings.push({ path: [key], message, ...placeOf(read, [key], message) });
    read.failed.add(JSON.stringify([key]));
  }
}

function unknownPreset(name: string | undefined, presets: readonly string[], read: ReadYaml): Finding[] {
  if (name === undefined || name === 'none' || presets.includes(name)) return [];
  const place = read.places.get('["preset"]');
  const help = place?.interpolated ? '' : nearest(name, [...presets, 'none']);
  const message = `${shown(place?.source ?? '')} is no preset${help}`;
  return [{ path: ['preset'], message, ...placeOf(read, ['preset'], message) }];
}

/** As written: valibot leaves out names that mean something to JavaScript. */
function namesOfEnv(read: ReadYaml): string[] {
  const { env } = (read.data ?? {}) as { env?: object };
  return Object.keys(env ?? {});
}

/** An issue of valibot -> messages of ours with whole paths; a union speaks for the kind that was written. */
function flatten(issue: Issue, before: Path, read: ReadYaml): { path: Path; message: string }[] {
  const path = [...before, ...(issue.path ?? []).map((item) => item.key as string | number)];
  if (issue.type === 'union' && issue.issues) {
    const kept = issue.issues.filter((inner) => inner.kind !== 'schema' || inner.path !== undefined);
    if (kept.length > 0) return kept.flatMap((inner) => flatten(inner, path, read));
    return [
      { path, message: isList(path) ? wrongKind(issue, 'a mapping') : wrongKind(issue, 'a value or a list') },
    ];
  }
  if (issue.type === 'strict_object' && issue.expected === 'never') return unknownKeys(issue, path);
  if (issue.type === 'strict_object' && issue.received === 'undefined')
    return [{ path, message: 'is missing' }];
  if (issue.kind === 'schema')
    return [{ path, message: wrongKind(issue, KINDS[issue.type] ?? 'a single value') }];
  return [{ path, message: wrongValue(issue, path, read) }];
}

const KINDS: Record<string, string> = {
  strict_object: 'a mapping of keys to values',
  record: 'a mapping of names to values',
  array: 'a list ("[a, b]", or lines that begin with "- ")',
  string: 'a single value',
};

function isList(path: Path): boolean {
  return typeof path.at(-1) === 'number';
}

function wrongKind(issue: Issue, wanted: string): string {
  const got = Array.isArray(issue.input)
    ? 'a list'
    : typeof issue.input === 'object'
      ? 'a mapping'
      : 'a single value';
  return `must be ${wanted}, not ${got}`;
}

function wrongValue(issue: Issue, path: Path, read: ReadYaml): string {
  const place = read.places.get(JSON.stringify(path));
  const subject = typeof issue.input === 'string' ? `${shown(place?.source ?? '')} ` : '';
  // A suggestion is made from the value; with a variable in it the value may be a secret.
  const suggestion = issue.expected && !place?.interpolated ? ` (try ${issue.expected})` : '';
  return `${subject}${issue.message}${suggestion}`;
}

/** valibot reports the first unknown key of an object; a user wants all of them. */
function unknownKeys(issue: Issue, path: Path): { path: Path; message: string }[] {
  const parent = path.slice(0, -1);
  const known = KNOWN_KEYS[parent.map((part) => (typeof part === 'number' ? '*' : part)).join('.')] ?? [];
  const item = issue.path?.at(-1) as { input?: object } | undefined;
  return Object.keys(item?.input ?? {})
    .filter((key) => !known.includes(key))
    .map((key) => ({ path: [...parent, key], message: `unknown key${nearest(key, known)}` }));
}

/** ` (did you mean memory?)`, or the list when nothing is near. */
export function nearest(written: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const word = written.slice(0, 64).toLowerCase();
  const best = closest(word, known);
  const near = distance(word, best) <= Math.max(1, Math.min(3, Math.floor(best.length / 2)));
  return near ? ` (did you mean ${best}?)` : ` (known: ${known.join(', ')})`;
}

function isFailed(read: ReadYaml, path: Path): boolean {
  return path.some((_part, index) => read.failed.has(JSON.stringify(path.slice(0, index + 1))));
}

/** The value's place; the key's for an unknown key; for what is missing, the nearest parent that was written. */
function placeOf(read: ReadYaml, path: Path, message: string): { line: number; column: number } {
  for (let length = path.length; length >= 0; length -= 1) {
    const place = read.places.get(JSON.stringify(path.slice(0, length)));
    if (!place) continue;
    const { line, column } = message.startsWith('unknown key') && place.key ? place.key : place;
    return { line, column };
  }
  return { line: 1, column: 1 };
}
