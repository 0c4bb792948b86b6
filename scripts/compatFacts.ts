/** Shape of the facts file, as far as the tables take from it. */
export interface FactsVariant {
  cuda_toolkit: string;
  cudnn: string | null;
  nccl: string | null;
  cusparselt: string | null;
  nvshmem: string | null;
  arch_x86_64: string[] | null;
  ptx_x86_64: string | null;
  arch_aarch64: string[] | null;
  ptx_aarch64: string | null;
  platforms: string[];
  evidence: string;
  note?: string;
  confidence?: 'high' | 'medium' | 'low';
}

export interface FactsRelease {
  version: string;
  date: string;
  torchvision: string | null;
  torchaudio: string | null;
  triton: string | null;
  python: { min: string; max: string; note?: string };
  manylinux: { linux_aarch64_tag: string; glibc_min: string | Record<string, string> };
  variants: Record<string, FactsVariant>;
  cpu_wheel: boolean;
  pypi_default: { linux_x86_64?: string; linux_aarch64?: string };
  verified_index_default: { on: string; variant: string; arch_flags: string[]; ptx: string | null };
  note?: string;
  torchvision_note?: string;
}

export interface Facts {
  meta: { generated: string; sources: Record<string, string> };
  part1_pytorch_releases: {
    source_release_dates: string;
    source_torchvision_torchaudio: string;
    source_pypi_default: string;
    min_driver_rule: Record<string, string>;
    verification_2026_11_21: { what: string };
    releases: FactsRelease[];
  };
  part2_cuda_driver: {
    toolkit_shipped_driver: {
      table: { cuda: string; linux_driver: string }[];
      older_11x_linux: { cuda: string; linux_driver: string }[];
    };
    driver_branch_to_max_cuda: { table: Record<string, string> };
    branch_lifecycle: { table: Record<string, string> };
    toolkit_min_compute_capability: { table: Record<string, string> };
    first_driver_branch_for_gpu_family: { source: string; table: Record<string, string> };
    forward_compat: {
      allowed_driver_branches_per_cuda_image: { source: string; table: Record<string, number[]> };
    };
  };
  part3_gpus: {
    rules: Record<string, string>;
    source: string[];
    gpus: {
      name: string;
      cc: string;
      mem_gb: number[];
      mem_bw_gbs: number | string;
      dense_tflops: {
        fp32: number | null;
        tf32: number | null;
        bf16: number | null;
        fp16: number | null;
        fp8: number | null;
      };
      confidence: 'high' | 'medium' | 'low';
      family: string;
      note?: string;
    }[];
  };
  part4_known_issues: {
    issues: {
      id: string;
      symptom: string;
      cause: string;
      remedy: string;
      links: string[];
      confidence: 'high' | 'medium' | 'low';
      detect?: string;
    }[];
  };
}
