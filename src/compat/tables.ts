import type { Plan } from './plan.ts';

/** Raised when the meaning of a field changes; a reader refuses what it does not know. */
export const TABLES_FORMAT = 1;

export type Platform = Plan['platform'];
export type Confidence = 'high' | 'medium' | 'low';

/** Everything the solver knows, as one document: the built-in tables and a user's update have this shape. */
export interface CompatTables {
  format: typeof TABLES_FORMAT;
  /** Day on which the facts were checked, `2026-11-21`. */
  date: string;
  /** Short name -> where the fact was read. Every row names the ones it rests on. */
  sources: Record<string, string>;
  /** Oldest first. */
  releases: Release[];
  drivers: DriverFacts;
  gpus: Gpu[];
  /** What the hardware must have for a feature. */
  features: { feature: Feature; computeCapability: string; sources: string[] }[];
  issues: KnownIssue[];
}

/** One torch release with the packages that belong to it. */
export interface Release {
  version: string;
  /** `2025-06-04`, or `2026-09` where only the month is known. */
  date: string | null;
  /** Null: no release of that package belongs to this torch. */
  torchvision: string | null;
  torchaudio: string | null;
  triton: string | null;
  /** CPython range, both ends included, major.minor. */
  python: { min: string; max: string };
  /** Variant of the Python index's own (untagged) wheel; absent where it has none for that platform. */
  indexDefault: Partial<Record<Platform, string>>;
  /** Platforms with a wheel without CUDA -> lowest glibc. */
  cpu: Partial<Record<Platform, string>>;
  variants: Record<string, Variant>;
  /** `read`: taken out of a wheel by `rig compat learn`, not reviewed by a person. */
  status: 'reviewed' | 'read';
  notes: string[];
  sources: string[];
}

/** One CUDA build of a release, `cu126`. */
export interface Variant {
  /** Full toolkit version, `12.6.3`; major.minor where a wheel says no more. */
  cuda: string;
  cudnn: string | null;
  nccl: string | null;
  cusparselt: string | null;
  nvshmem: string | null;
  builds: Partial<Record<Platform, Build>>;
  confidence: Confidence;
  notes: string[];
  sources: string[];
}

/** What was compiled into the wheel of one platform. */
export interface Build {
  /** Compute capabilities with machine code; null: not known, and then never guessed. */
  architectures: string[] | null;
  /** Compute capability of the embedded PTX, or null for none. */
  ptx: string | null;
  glibc: string;
  /** Exact requirements of the wheel on NVIDIA packages, where the wheel itself was read. */
  nvidia: Record<string, string>;
  /** Triton that the wheel itself requires; undefined where the wheel was not read. */
  triton?: string | null | undefined;
  /** Day on which the wheel itself was read. */
  read?: string | undefined;
}

export type Feature = 'compile' | 'tf32' | 'bf16' | 'fp8' | 'fp4' | 'flash-attention';

export interface DriverFacts {
  /** Lowest Linux driver of a CUDA major version (minor-version compatibility). */
  floors: { cudaMajor: number; driver: string; sources: string[] }[];
  /** Newest CUDA that a driver branch knows, ascending. */
  branches: { branch: number; cuda: string; lifecycle: string | null; sources: string[] }[];
  /** Driver that shipped with a toolkit. */
  shipped: { cuda: string; driver: string; sources: string[] }[];
  /** Lowest compute capability that a toolkit can build for. */
  toolkitMinimum: { cudaMajor: number; computeCapability: string; sources: string[] }[];
  /** First driver branch that knows a compute capability. */
  firstBranch: {
    computeCapability: string;
    branch: number;
    family: string;
    confidence: Confidence;
    sources: string[];
  }[];
  /** Last driver branch for GPUs below a compute capability. */
  lastBranch: { below: string; branch: number; families: string; sources: string[] }[];
  /** CUDA minor -> kernel driver branches on which its forward-compatibility package is supported. */
  forward: { cuda: string; branches: number[]; sources: string[] }[];
}

export type GpuClass = 'geforce' | 'titan' | 'workstation' | 'datacenter' | 'jetson';

export interface Gpu {
  name: string;
  class: GpuClass;
  family: string;
  computeCapability: string;
  /** GB as sold (10^9), one per model on sale. */
  memoryGb: number[];
  /** GB/s; more than one where models differ. */
  bandwidth: number[];
  /** Dense TFLOP/s, null where unknown or absent. */
  tflops: {
    fp32: number | null;
    tf32: number | null;
    bf16: number | null;
    fp16: number | null;
    fp8: number | null;
  };
  confidence: Confidence;
  notes: string[];
  sources: string[];
}

/** A failure people meet, for `rig explain` and the doctor. */
export interface KnownIssue {
  id: string;
  symptom: string;
  cause: string;
  remedy: string;
  /** Where it can be told from facts, in words. */
  detect: string | null;
  confidence: Confidence;
  /** Issues, pull requests and documents. */
  links: string[];
  /** Tables it follows from, where there is no link. */
  sources: string[];
}
