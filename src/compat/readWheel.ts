import { EXIT, RigError } from '../kernel/index.ts';
import type { RemoteFile } from '../sources/index.ts';
import { findArchitectures } from './readArchitectures.ts';
import type { Platform } from './tables.ts';
import { compareDotted } from './versions.ts';
import { headerOf, requirementsOf } from './wheelMetadata.ts';
import type { Requirement } from './wheelMetadata.ts';
import { readMember, readText, readZipDirectory } from './zipDirectory.ts';
import type { ZipEntry } from './zipDirectory.ts';

/** What a torch wheel says of itself. */
export interface TorchReading {
  version: string;
  /** `cu126`, `cpu`. */
  variant: string;
  platform: Platform;
  /** `12.6`, or the full toolkit version where the wheel requires one; null for cpu. */
  cuda: string | null;
  cudnn: string | null;
  nccl: string | null;
  cusparselt: string | null;
  nvshmem: string | null;
  triton: string | null;
  /** Null: a CUDA wheel in which no list was found. */
  architectures: string[] | null;
  ptx: string | null;
  glibc: string;
  nvidia: Record<string, string>;
  /** `>=3.9.0` */
  requiresPython: string | null;
}

/** Tags of a wheel's file name (PEP 427). */
export interface WheelTags {
  version: string;
  /** `cp311` */
  python: string;
  platform: Platform | null;
  glibc: string | null;
}

const GLIBC_OF_OLD_TAGS: Record<string, string> = {
  manylinux1: '2.5',
  manylinux2010: '2.12',
  manylinux2014: '2.17',
};

/** Reads name, Python and platform tags out of `torch-2.7.1-cp311-cp311-manylinux_2_28_x86_64.whl`; undefined when it is no wheel name. */
export function wheelTags(file: string): WheelTags | undefined {
  const match = /^[^-]+-([^-]+)(?:-\d[^-]*)?-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(file);
  const [, version, python, , tags] = match ?? [];
  if (version === undefined || python === undefined || tags === undefined) return undefined;
  const linux = tags.includes('linux');
  const platform = !linux
    ? null
    : tags.includes('x86_64')
      ? 'linux/amd64'
      : tags.includes('aarch64')
        ? 'linux/arm64'
        : null;
  const floors = tags.split('.').flatMap((tag) => {
    const modern = /^manylinux_(\d+)_(\d+)_/.exec(tag);
    const old = /^(manylinux\d+)_/.exec(tag)?.[1];
    return modern ? [`${modern[1]}.${modern[2]}`] : old ? [GLIBC_OF_OLD_TAGS[old] ?? []].flat() : [];
  });
  // manylinux1 was a lie of the old torch wheels: they want 2.17
  const lowest = floors.sort(compareDotted)[0];
  const glibc = lowest === undefined ? null : compareDotted(lowest, '2.17') < 0 ? '2.17' : lowest;
  return { version: decodeURIComponent(version), python, platform, glibc };
}

function member(entries: Map<string, ZipEntry>, fits: (name: string) => boolean, what: string): ZipEntry {
  const found = [...entries.values()].find((entry) => fits(entry.name));
  if (found) return found;
  throw new RigError('RIG-COMPAT-012', `the wheel has no ${what}`, {
    why: 'It is not a torch wheel.',
    exitCode: EXIT.source,
  });
}

const pinOf = (requirements: Requirement[], name: RegExp): string | null =>
  requirements.find((requirement) => name.test(requirement.name))?.pin ?? null;

/** Pinned up to 2.14, `~=3.9.0` since 2.15: then the release it starts from. */
function tritonOf(requirements: Requirement[]): string | null {
  const triton = requirements.find(({ name }) => name === 'triton' || name === 'pytorch-triton');
  return triton?.pin ?? /^~=\s*([\d.]+)$/.exec(triton?.specifier ?? '')?.[1] ?? null;
}

function nvidiaPins(requirements: Requirement[]): Record<string, string> {
  const pins = requirements.filter(({ name, pin }) => pin !== undefined && /^(nvidia|cuda)-/.test(name));
  return Object.fromEntries(
    pins.map(({ name, pin }) => [name, pin ?? '']).sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  );
}

/** torch/version.py: `__version__ = '2.7.1+cu126'`, `cuda: Optional[str] = '12.6'`. */
function parseVersionFile(text: string): { version: string; local: string | undefined; cuda: string | null } {
  const full = /__version__\s*=\s*['"]([^'"]+)['"]/.exec(text)?.[1] ?? '';
  const [version = '', local] = full.split('+');
  return { version, local, cuda: /^cuda\b[^=]*=\s*['"]([\d.]+)['"]/m.exec(text)?.[1] ?? null };
}

/**
 * Reads a torch wheel by a few ranges: its zip directory, METADATA, version.py and, for a CUDA wheel, libtorch_python.so
 * as far as the list of architectures.
 * @param file name of the wheel file, for its tags
 * @throws RigError RIG-COMPAT-010 to 012
 */
export async function readTorchWheel(reader: RemoteFile, file: string): Promise<TorchReading> {
  const tags = wheelTags(file);
  const platform = tags?.platform;
  if (!tags || !platform)
    throw new RigError('RIG-COMPAT-012', `${file} is not a Linux wheel`, { exitCode: EXIT.source });
  const entries = await readZipDirectory(reader);
  const metadata = await readText(
    reader,
    member(entries, (name) => /^[^/]+\.dist-info\/METADATA$/.test(name), 'METADATA'),
  );
  const own = parseVersionFile(
    await readText(
      reader,
      member(entries, (name) => name === 'torch/version.py', 'torch/version.py'),
    ),
  );
  const python = /^cp3(\d+)$/.exec(tags.python)?.[1];
  const requirements = requirementsOf(metadata, {
    platform,
    python: python === undefined ? '3.11' : `3.${python}`,
  });
  const library =
    own.cuda === null
      ? undefined
      : member(entries, (name) => name === 'torch/lib/libtorch_python.so', 'libtorch_python.so');
  const found = library ? await findArchitectures(readMember(reader, library)) : null;
  const toolkit = pinOf(requirements, /^cuda-toolkit$/);
  return {
    version: own.version || (tags.version.split('+')[0] ?? ''),
    variant: own.cuda === null ? 'cpu' : (own.local ?? `cu${own.cuda.replace('.', '')}`),
    platform,
    cuda: own.cuda === null ? null : (toolkit ?? own.cuda),
    cudnn: pinOf(requirements, /^nvidia-cudnn(-cu\d+)?$/),
    nccl: pinOf(requirements, /^nvidia-nccl(-cu\d+)?$/),
    cusparselt: pinOf(requirements, /^nvidia-cusparselt(-cu\d+)?$/),
    nvshmem: pinOf(requirements, /^nvidia-nvshmem(-cu\d+)?$/),
    triton: tritonOf(requirements),
    architectures: own.cuda === null ? [] : (found?.cubins ?? null),
    ptx: found?.ptx ?? null,
    glibc: tags.glibc ?? '2.17',
    nvidia: nvidiaPins(requirements),
    requiresPython: headerOf(metadata, 'requires-python') ?? null,
  };
}
