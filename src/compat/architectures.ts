import type { Build } from './tables.ts';
import { compareDotted, major } from './versions.ts';

/** Tegra parts whose machine code is their own, though their major version is shared with cards. */
const TEGRA = new Set(['5.3', '6.2', '7.2', '8.7', '11.0']);

export const isTegra = (computeCapability: string): boolean => TEGRA.has(computeCapability);

/** Machine code for `cubin` runs on `gpu`: same major version, minor not above (CUDA programming guide, "Binary Compatibility"). */
export function cubinRuns(cubin: string, gpu: string): boolean {
  if (isTegra(cubin) || isTegra(gpu)) return cubin === gpu;
  return major(cubin) === major(gpu) && compareDotted(cubin, gpu) <= 0;
}

/** How a wheel runs on a GPU: its own machine code, PTX compiled by the driver at start, not at all, or not known. */
export function coverage(build: Build, gpu: string): 'cubin' | 'ptx' | 'none' | 'unknown' {
  if (build.architectures === null) return 'unknown';
  if (build.architectures.some((cubin) => cubinRuns(cubin, gpu))) return 'cubin';
  return build.ptx !== null && !isTegra(gpu) && compareDotted(gpu, build.ptx) >= 0 ? 'ptx' : 'none';
}
