/** The aligned set that the solver chose; the lock resolves within it. */
export interface Plan {
  torch: string;
  /** Null where the release has no torchvision or torchaudio of its own. */
  torchvision: string | null;
  torchaudio: string | null;
  triton: string | null;
  /** `cu126`, `cpu`. */
  variant: string;
  /** Full toolkit version (`12.6.3`) or null for cpu. */
  cuda: string | null;
  cudnn: string | null;
  nccl: string | null;
  /** Major.minor. */
  python: string;
  platform: 'linux/amd64' | 'linux/arm64';
  /** Lowest driver of the CUDA major version (minor-version compatibility), or null for cpu. */
  driverFloor: string | null;
  /** Compute capabilities with machine code: `7.5`, `8.0`. */
  architectures: string[];
  /** Compute capability of the embedded PTX, or null. */
  ptx: string | null;
  /** Lowest glibc, `2.28`. */
  glibc: string;
  /** Exact pins of the NVIDIA wheels: distribution name -> version. Empty where the release does not pin them. */
  nvidia: Record<string, string>;
}
