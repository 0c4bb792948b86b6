import { digestOf } from '../kernel/index.ts';
import type { Digest } from '../kernel/index.ts';
import type { Lock } from './lockfile.ts';

type Value = string | number | boolean | readonly string[];

// JSON's escapes are a part of TOML's (TOML 1.0, "String"); only DEL needs one that JSON does not make.
const quote = (text: string): string => JSON.stringify(text).replaceAll('\u007f', '\\u007f');

function formatValue(value: Value): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object') return String(value);
  if (value.length === 0) return '[]';
  return `[\n${value.map((each) => `  ${quote(each)},\n`).join('')}]`;
}

/** A table; keys in the order given, those without a value left out (TOML has no null). */
function formatTable(header: string, entries: Record<string, Value | null>): string {
  const lines = Object.entries(entries)
    .filter((entry): entry is [string, Value] => entry[1] !== null)
    .map(([key, value]) => `${/^[\w-]+$/.test(key) ? key : quote(key)} = ${formatValue(value)}\n`);
  return `${header === '' ? '' : `\n${header}\n`}${lines.join('')}`;
}

const byName = <T extends { name: string }>(list: readonly T[]): T[] =>
  [...list].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

const sortedRecord = (record: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

function formatPlan(plan: NonNullable<Lock['plan']>): string {
  const { nvidia, ...rest } = plan;
  const head = formatTable('[plan]', {
    torch: rest.torch,
    torchvision: rest.torchvision,
    torchaudio: rest.torchaudio,
    triton: rest.triton,
    variant: rest.variant,
    cuda: rest.cuda,
    cudnn: rest.cudnn,
    nccl: rest.nccl,
    python: rest.python,
    platform: rest.platform,
    driverFloor: rest.driverFloor,
    architectures: rest.architectures,
    ptx: rest.ptx,
    glibc: rest.glibc,
  });
  return Object.keys(nvidia).length === 0 ? head : head + formatTable('[plan.nvidia]', sortedRecord(nvidia));
}

/**
 * torchrig.lock as text: TOML, one block a package, everything in a fixed order, so that equal locks are equal bytes and
 * two branches that change different packages merge without a conflict.
 */
export function formatLock(lock: Lock): string {
  return [
    '# Made by `rig lock`, read by `rig up` and `rig build`. Keep it in git; change torchrig.yaml, not this file.\n',
    formatTable('', { format: lock.format, platform: lock.platform, epoch: lock.epoch, image: lock.image }),
    formatTable('[asked]', {
      torch: lock.asked.torch,
      cuda: lock.asked.cuda,
      python: lock.asked.python,
      base: lock.asked.base,
    }),
    formatTable('[asked.packages]', {
      python: [...lock.asked.packages.python].sort(),
      debian: [...lock.asked.packages.debian].sort(),
    }),
    lock.plan === null ? '' : formatPlan(lock.plan),
    ...byName(lock.python).map(({ name, version, file, size, sha256 }) =>
      formatTable('[[python]]', { name, version, file, size, sha256 }),
    ),
    ...byName(lock.debian).map(({ name, version, arch, archive, path, size, sha256 }) =>
      formatTable('[[debian]]', { name, version, arch, archive, path, size, sha256 }),
    ),
  ].join('');
}

/**
 * Digest of what a lock pins. The expected image digest is left out: it follows from the rest, and recording it must not
 * make another lock of this one.
 */
export function lockDigest(lock: Lock): Digest {
  return digestOf(formatLock({ ...lock, image: null }));
}
