import { EXIT, RigError } from '../kernel/index.ts';
import { findCompanion } from './readPairs.ts';
import { readTorchWheel } from './readWheel.ts';
import type { TorchReading } from './readWheel.ts';
import type { Platform, Release, Variant } from './tables.ts';
import { compareDotted } from './versions.ts';
import { listWheels, withWheel } from './wheelSource.ts';
import type { ListedWheel, WheelSource } from './wheelSource.ts';

/** Where a row says it comes from when a wheel itself was read. */
export const READ_SOURCE = 'read';

export interface LearnOptions {
  /** Default: both. */
  platforms?: readonly Platform[];
  /** Day written into the row, `2026-11-21`. */
  today: string;
}

export interface Learned {
  /** Marked `read`. */
  release: Release;
  readings: TorchReading[];
}

/** One wheel of each kind: Python 3.11's where there is one, the middle of the range otherwise. */
export function pickWheel(wheels: readonly ListedWheel[]): ListedWheel | undefined {
  return wheels.find((wheel) => wheel.python === 'cp311') ?? wheels[Math.floor(wheels.length / 2)];
}

function pythonRange(wheels: readonly ListedWheel[]): { min: string; max: string } {
  const versions = wheels
    .flatMap((wheel) => /^cp3(\d+)$/.exec(wheel.python)?.[1] ?? [])
    .map((minor) => `3.${minor}`)
    .sort(compareDotted);
  return { min: versions[0] ?? '3.11', max: versions.at(-1) ?? '3.11' };
}

function addReading(release: Release, reading: TorchReading, today: string): void {
  if (reading.cuda === null) {
    release.cpu[reading.platform] = reading.glibc;
    return;
  }
  const { cuda, cudnn, nccl, cusparselt, nvshmem } = reading;
  const fresh: Variant = {
    cuda,
    cudnn,
    nccl,
    cusparselt,
    nvshmem,
    builds: {},
    confidence: 'high',
    notes: [],
    sources: [READ_SOURCE],
  };
  const variant = (release.variants[reading.variant] ??= fresh);
  variant.builds[reading.platform] = {
    architectures: reading.architectures,
    ptx: reading.ptx,
    glibc: reading.glibc,
    nvidia: reading.nvidia,
    triton: reading.triton,
    read: today,
  };
}

/**
 * Reads the row of a torch release out of the wheels that a package source serves, a few MB of each.
 * @throws RigError RIG-COMPAT-013 (exit 4) when the source has no wheel of it
 */
export async function learnRelease(
  source: WheelSource,
  version: string,
  options: LearnOptions,
): Promise<Learned> {
  const all = (await listWheels(source, 'torch')).filter(
    (wheel) =>
      wheel.version.split('+')[0] === version && wheel.platform !== null && !/-cp\d+t-/.test(wheel.file),
  );
  const platforms = options.platforms ?? ['linux/amd64', 'linux/arm64'];
  const release: Release = {
    version,
    date: null,
    torchvision: null,
    torchaudio: null,
    triton: null,
    python: pythonRange(all),
    indexDefault: {},
    cpu: {},
    variants: {},
    status: 'read',
    notes: [],
    sources: [READ_SOURCE],
  };
  const readings: TorchReading[] = [];
  for (const platform of platforms) {
    const here = all.filter((wheel) => wheel.platform === platform);
    for (const tagged of new Set(here.map((wheel) => wheel.version))) {
      const wheel = pickWheel(here.filter((candidate) => candidate.version === tagged));
      if (wheel === undefined) continue;
      const reading = await withWheel(source, { name: 'torch', file: wheel.file }, (reader) =>
        readTorchWheel(reader, wheel.file),
      );
      readings.push(reading);
      addReading(release, reading, options.today);
      release.triton ??= reading.triton;
      if (tagged === version) release.indexDefault[platform] = reading.variant;
    }
  }
  const [first] = readings;
  if (first === undefined) throw noWheel(version, platforms);
  await addCompanions(source, release, first.platform);
  return { release, readings };
}

async function addCompanions(source: WheelSource, release: Release, platform: Platform): Promise<void> {
  for (const name of ['torchvision', 'torchaudio'] as const) {
    const companion = await findCompanion(source, name, { torch: release.version, platform });
    release[name] = companion?.version ?? null;
    if (companion && !companion.specifier.startsWith('=='))
      release.notes.push(
        `${name} ${companion.version} requires torch${companion.specifier || ' of any version'}: not pinned`,
      );
  }
}

function noWheel(version: string, platforms: readonly Platform[]): RigError {
  return new RigError(
    'RIG-COMPAT-013',
    `the package source has no torch ${version} wheel for ${platforms.join(' or ')}`,
    {
      why: 'A release is learned from its wheels; where there is none, nothing is known and nothing is guessed.',
      hint: 'pip index versions torch',
      exitCode: EXIT.source,
    },
  );
}
