import { canonicalJson, sha256Hex } from '../../kernel/index.ts';
import type { Spec } from '../../spec/index.ts';

/** What of a spec takes effect when an environment starts, and only then. */
const SETTINGS = [
  'workspace',
  'mounts',
  'gpus',
  'memory',
  'cpus',
  'shm',
  'ports',
  'services',
  'env',
] as const;

/** A short hash of each setting: the values themselves may be secrets and are not kept. */
export function runSettings(spec: Spec): string {
  const hashes = SETTINGS.map((name) => [
    name,
    sha256Hex(canonicalJson({ value: spec[name] ?? null })).slice(0, 12),
  ]);
  return canonicalJson(Object.fromEntries(hashes));
}

/** Names of the settings that a running environment, by what `runSettings` gave at its start, does not have as the spec asks. */
export function changedSettings(spec: Spec, atStart: string | undefined): string[] {
  if (atStart === undefined) return [];
  const [now, then] = [runSettings(spec), atStart].map((text) => JSON.parse(text) as Record<string, string>);
  return SETTINGS.filter((name) => now?.[name] !== then?.[name]);
}
