import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { requirementName } from './readPackage.ts';
import type { FileSpec } from './schema.ts';
import type { PortWish, Spec } from './spec.ts';

export interface ResolveOptions {
  /** Relative paths are meant from here: the file's folder. */
  folder: string;
  /** For `~`. */
  env: NodeJS.ProcessEnv;
  /** Name of the preset below. */
  preset: string | undefined;
}

const DEFAULT_PORTS = { jupyter: 8888, ssh: 2222 } as const;

/**
 * The user's file over its preset, with defaults. Lists of packages and mounts add up (the user's requirement replaces the
 * preset's of the same package), environment variables merge by name, everything else replaces.
 */
export function resolveSpec(file: FileSpec, preset: FileSpec | undefined, options: ResolveOptions): Spec {
  const own = file.packages ?? {};
  const below = preset?.packages ?? {};
  const path = (text: string): string => hostPath(text, options);
  const torch = file.torch === undefined ? preset?.torch : file.torch;
  return {
    name: file.name,
    preset: options.preset,
    torch: torch ?? undefined,
    // The preset's CUDA belongs to the preset's torch.
    cuda: file.cuda ?? (torch === preset?.torch ? preset?.cuda : undefined) ?? 'auto',
    python: file.python ?? preset?.python ?? '3.11',
    packages: {
      python: mergeRequirements(below.python ?? [], own.python ?? []),
      requirements: own.requirements === undefined ? undefined : path(own.requirements),
      debian: [...new Set([...(below.debian ?? []), ...(own.debian ?? [])])],
    },
    base: file.base ?? preset?.base ?? 'debian:12',
    workspace: path(file.workspace ?? './workspace'),
    mounts: (file.mounts ?? []).map(({ source, target, readonly }) => ({
      source: path(source),
      target,
      readonly,
    })),
    gpus: file.gpus ?? preset?.gpus ?? 'all',
    memory: file.memory ?? preset?.memory,
    cpus: file.cpus ?? preset?.cpus,
    shm: file.shm ?? preset?.shm,
    ports: {
      jupyter: wish(file.ports?.jupyter, preset?.ports?.jupyter, DEFAULT_PORTS.jupyter),
      ssh: wish(file.ports?.ssh, preset?.ports?.ssh, DEFAULT_PORTS.ssh),
    },
    services: {
      jupyter: (file.ports?.jupyter === undefined ? preset?.ports?.jupyter : file.ports.jupyter) !== null,
      ssh: (file.ports?.ssh === undefined ? preset?.ports?.ssh : file.ports.ssh) !== null,
    },
    publish: file.ports?.publish ?? [],
    env: { ...preset?.env, ...file.env },
  };
}

/** An absolute path: `~` is the home folder, a relative one is meant from the file's folder. */
export function hostPath(text: string, options: { folder: string; env: NodeJS.ProcessEnv }): string {
  if (text === '~' || text.startsWith('~/')) return join(options.env['HOME'] ?? homedir(), text.slice(1));
  return resolve(options.folder, text);
}

function wish(own: number | null | undefined, below: number | null | undefined, standard: number): PortWish {
  if (typeof own === 'number') return { port: own, explicit: true };
  return { port: below ?? standard, explicit: false };
}

function mergeRequirements(below: readonly string[], own: readonly string[]): string[] {
  const replaced = new Set(own.map(requirementName));
  return [...below.filter((requirement) => !replaced.has(requirementName(requirement))), ...own];
}

/** What a lock is made from, normalised so that order and spelling do not matter; the `asked` of a torchrig.lock. */
export interface LockedInputs {
  torch: string | null;
  cuda: string;
  python: string;
  packages: { python: string[]; debian: string[] };
  base: string;
}

/** The part of a spec that decides the lock. A requirements file is not in it: the lock reads it. */
export function lockedInputs(spec: Spec): LockedInputs {
  return {
    torch: spec.torch ?? null,
    cuda: spec.cuda,
    python: spec.python,
    packages: {
      python: [...new Set(spec.packages.python.map(normalisedRequirement))].sort(),
      debian: [...new Set(spec.packages.debian)].sort(),
    },
    base: spec.base,
  };
}

/** A requirement with its name in the one spelling of PEP 503 and no needless blanks. */
function normalisedRequirement(requirement: string): string {
  const [wanted = '', ...markers] = requirement.split(';');
  const rest = wanted
    .trim()
    .replace(/^[A-Za-z0-9][A-Za-z0-9._-]*/, '')
    .replaceAll(/\s+/g, '');
  const marker = markers.join(';').trim().replaceAll(/\s+/g, ' ');
  return `${requirementName(wanted)}${rest}${marker ? `; ${marker}` : ''}`;
}
