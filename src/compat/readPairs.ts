import pep440 from '@renovatebot/pep440';
import type { RemoteFile } from '../sources/index.ts';
import type { Platform } from './tables.ts';
import { majorMinor } from './versions.ts';
import { requirementsOf } from './wheelMetadata.ts';
import { listWheels, withWheel } from './wheelSource.ts';
import type { WheelSource } from './wheelSource.ts';
import { readText, readZipDirectory } from './zipDirectory.ts';

/** What another package's wheel wants of torch: `==2.7.1`, `>=2.14.0`, '' for any; null when it does not require it. */
async function torchWish(reader: RemoteFile, platform: Platform): Promise<string | null> {
  const entries = await readZipDirectory(reader);
  const metadata = [...entries.values()].find((entry) => /^[^/]+\.dist-info\/METADATA$/.test(entry.name));
  if (metadata === undefined) return null;
  const requirements = requirementsOf(await readText(reader, metadata), { platform, python: '3.11' });
  return requirements.find(({ name }) => name === 'torch')?.specifier ?? null;
}

/** Wheels looked at before giving up: versions close in number pin each other. */
const MOST_TRIES = 6;

/** Which number a companion of this torch most likely has; only the order of trying rests on it. */
function likely(name: 'torchvision' | 'torchaudio', torch: string): [number, number] {
  const [major = 0, minor = 0, patch = 0] = torch.split('.').map(Number);
  return name === 'torchaudio' ? [major * 100 + minor, patch] : [(major - 2) * 100 + minor + 15, patch];
}

function distanceTo(version: string, [line, patch]: [number, number]): number {
  const [major = 0, minor = 0, own = 0] = version.split('.').map(Number);
  return Math.abs(major * 100 + minor - line) * 100 + Math.abs(own - patch);
}

export interface Companion {
  version: string;
  /** What its wheel requires of torch. */
  specifier: string;
}

/**
 * Finds the torchvision or torchaudio that belongs to a torch release, by what their wheels require. A pin on exactly
 * this release wins; torchvision's newest range that allows it, and torchaudio of the same number without a pin, count too.
 */
export async function findCompanion(
  source: WheelSource,
  name: 'torchvision' | 'torchaudio',
  wanted: { torch: string; platform: Platform },
): Promise<Companion | null> {
  const wheels = (await listWheels(source, name)).filter(
    (wheel) =>
      wheel.platform === wanted.platform && !wheel.version.includes('+') && /^[\d.]+$/.test(wheel.version),
  );
  const goal = likely(name, wanted.torch);
  const versions = [...new Set(wheels.map((wheel) => wheel.version))].sort(
    (a, b) => distanceTo(a, goal) - distanceTo(b, goal) || pep440.compare(b, a),
  );
  let pinned: Companion | null = null;
  let allowed: Companion | null = null;
  for (const version of versions.slice(0, MOST_TRIES)) {
    // 2.0.0 and 2.0.1 of torchaudio both pin torch 2.0.0: the later one mends the earlier
    if (pinned && majorMinor(version) !== majorMinor(pinned.version)) break;
    const specifier = await specifierOf(source, { name, version, platform: wanted.platform });
    if (specifier === null) continue;
    const newer = (than: Companion | null): boolean =>
      than === null || pep440.compare(version, than.version) > 0;
    if (isPin(specifier)) {
      if (newer(pinned) && pep440.satisfies(wanted.torch, specifier)) pinned = { version, specifier };
    } else if (belongs(name, version, specifier, wanted.torch) && newer(allowed))
      allowed = { version, specifier };
  }
  return pinned ?? allowed;
}

const isPin = (specifier: string): boolean => /^===?\s*[\d.]+$/.test(specifier);

/** Without a pin: torchvision's range is taken at its word, torchaudio only with the same number. */
function belongs(name: string, version: string, specifier: string, torch: string): boolean {
  if (name === 'torchaudio') return version === torch;
  return specifier !== '' && pep440.satisfies(torch, specifier);
}

/** What one version of a companion requires of torch: `==2.7.1`, '' for any; null where there is no such wheel. */
export async function specifierOf(
  source: WheelSource,
  wanted: { name: string; version: string; platform: Platform },
): Promise<string | null> {
  const wheel = (await listWheels(source, wanted.name)).find(
    (candidate) => candidate.version === wanted.version && candidate.platform === wanted.platform,
  );
  if (wheel === undefined) return null;
  return withWheel(
    source,
    { name: wanted.name, file: wheel.file },
    async (reader) => (await torchWish(reader, wanted.platform)) ?? '',
  );
}

/** Does the wheel of a companion accept this torch? Undefined where there is no such wheel. */
export async function accepts(
  source: WheelSource,
  companion: { name: string; version: string; platform: Platform },
  torch: string,
): Promise<boolean | undefined> {
  const specifier = await specifierOf(source, companion);
  if (specifier === null) return undefined;
  return isPin(specifier)
    ? pep440.satisfies(torch, specifier)
    : belongs(companion.name, companion.version, specifier, torch);
}
