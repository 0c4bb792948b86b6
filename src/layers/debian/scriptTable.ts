import builtin from './table.json' with { type: 'json' };
import type { Effect } from './effects.ts';

/** Known maintainer scripts and what they do: data, made by scripts/makeDebianTable.ts, replaceable without a release. */
export interface ScriptTable {
  format: 1;
  /** Where the facts come from. */
  source: string;
  /** By sha256 of the script. */
  scripts: Readonly<Record<string, KnownScript>>;
  /** By sha256 of the script with the package's own version replaced by `@VERSION@`. */
  versioned: Readonly<Record<string, KnownScript>>;
  /** Sections that debhelper writes, line by line; `{X}` is a placeholder. */
  templates: readonly Template[];
}

export interface KnownScript {
  package: string;
  effects: readonly Effect[];
}

export interface Template {
  name: string;
  lines: readonly string[];
}

/** The table that ships with rig. */
export const SCRIPT_TABLE = builtin as unknown as ScriptTable;
