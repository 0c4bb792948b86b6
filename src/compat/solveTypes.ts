import type { Plan } from './plan.ts';
import type { Feature, GpuClass, Platform } from './tables.ts';

/** What is wanted. Everything may be left open. */
export interface SolveRequest {
  /** Prefix (`2.7`), exact (`2.7.1`, `2.7.1+cu126`) or PEP 440 range; undefined: the newest that works. */
  torch?: string | undefined;
  /** `auto`, `cpu`, `12.6`, `12`, `cu126`. */
  cuda?: string | undefined;
  /** Major.minor; undefined: 3.11 where the release has it. */
  python?: string | undefined;
  /** Features that must work on every GPU here. */
  features?: readonly Feature[] | undefined;
  /** Packages that must exist for the torch chosen. */
  companions?: readonly ('torchvision' | 'torchaudio')[] | undefined;
  /** What the user's packages want of torch. */
  lowerBounds?: readonly TorchBound[] | undefined;
}

export interface TorchBound {
  /** `transformers` */
  package: string;
  /** PEP 440: `>=2.4`. */
  specifier: string;
}

/** The machine, as far as it decides. */
export interface SolveHost {
  platform: Platform;
  /** Null: no NVIDIA driver. Undefined: not known, then not checked. */
  driver?: { kernelModule?: string | undefined; userMode?: string | undefined } | null | undefined;
  gpus: readonly SolveGpu[];
  /** C library that torch will see: the image's, or the host's for a bare environment. Undefined: not checked. */
  glibc?: string | undefined;
  /** False: no C compiler where torch runs (torch.compile wants one). */
  compiler?: boolean | undefined;
  /** Windows' driver serves CUDA here; there is no kernel module to agree with. */
  wsl?: boolean | undefined;
}

export interface SolveGpu {
  name: string;
  /** `12.0` */
  computeCapability: string;
  /** By name when left out. */
  class?: GpuClass | undefined;
  /** The GPU is cut into MIG slices. */
  mig?: boolean | undefined;
}

export interface SolveOptions {
  /** Torch version -> variants that the package source serves; undefined: every published one counts. */
  served?: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  /** Accept plans that need NVIDIA's forward-compatibility package beside torch. */
  forwardCompatibility?: boolean | undefined;
}

export type RejectionCode =
  | 'not-served'
  | 'platform'
  | 'python'
  | 'glibc'
  | 'companion'
  | 'lower-bound'
  | 'driver-floor'
  | 'driver-mismatch'
  | 'forward-compatibility'
  | 'driver-too-new'
  | 'driver-unaware'
  | 'architecture'
  | 'ptx-toolchain'
  | 'architecture-unknown'
  | 'jetson'
  | 'feature';

export interface Reason {
  code: RejectionCode;
  why: string;
}

export interface Rejected {
  /** `torch 2.7.1 cu126` */
  candidate: string;
  torch: string;
  variant: string;
  /** Every reason in one line. */
  why: string;
  reasons: Reason[];
}

/** One that works too, and why another was taken. */
export interface Outranked {
  candidate: string;
  torch: string;
  variant: string;
  why: string;
}

export interface Warning {
  /** Known issue or rule it comes from. */
  id: string;
  text: string;
}

/** A plan that would work, and what would have to change for it. */
export interface Nearest {
  /** What changes, in words: `torch 2.10.0 instead of 2.7`. */
  change: string;
  changes: ('torch' | 'cuda' | 'python' | 'features' | 'source' | 'driver' | 'gpus')[];
  plan: Plan;
}

export interface SolveSuccess {
  ok: true;
  plan: Plan;
  reasons: string[];
  warnings: Warning[];
  /** Further requirements that the plan brings, PEP 508 (`numpy<2`). */
  constraints: string[];
  rejected: Rejected[];
  outranked: Outranked[];
  tablesDate: string;
}

/** What was asked for, taken all the same, and what will break by it. */
export interface Forced {
  plan: Plan;
  breaks: Reason[];
}

export interface SolveRefusal {
  ok: false;
  reasons: string[];
  warnings: Warning[];
  rejected: Rejected[];
  /** Closest first; empty when nothing near works. */
  nearest: Nearest[];
  /** For `--force`: the plan that fails for this host's reasons alone; null where no wheel could be had at all. */
  forced: Forced | null;
  tablesDate: string;
}

export type SolveResult = SolveSuccess | SolveRefusal;
