import type { Lock } from '../lock/index.ts';
import type { Finding } from './finding.ts';
import type { VerificationReport } from './verificationReport.ts';

/** Seconds that the parts of a verification may take. */
export interface VerificationLimits {
  import: number;
  compute: number;
  compile: number;
  total: number;
}

/** Generous: they catch what hangs. A slow machine under proot still passes. */
export const VERIFICATION_LIMITS: VerificationLimits = { import: 90, compute: 120, compile: 240, total: 420 };

/** What python/rigprobe/verify.py is asked. */
export interface VerificationRequest {
  packages: Record<string, string>;
  torch: boolean;
  n: number;
  limits: VerificationLimits;
}

export function verificationRequest(
  lock: Lock,
  limits: VerificationLimits = VERIFICATION_LIMITS,
): VerificationRequest {
  return {
    packages: Object.fromEntries(lock.python.map((wheel) => [wheel.name, wheel.version])),
    torch: lock.plan !== null,
    n: 2000,
    limits,
  };
}

/** The contract's `verification` object, with the findings behind it. Without torch in the lock its fields are null. */
export interface Verification {
  ok: boolean;
  python: string | null;
  torch: string | null;
  cuda: string | null;
  cudnn: string | null;
  nccl: string | null;
  triton: string | null;
  /** `cuda` or `cpu`: where the product was computed. */
  device: string | null;
  gpus: { index: number; name: string; memory: number; computeCapability: string }[];
  matmul: { n: number; ms: number; maxError: number | null } | null;
  compile: { ok: boolean; ms: number; maxError: number | null } | null;
  imports: { tried: number; failed: string[]; ms: number };
  findings: Finding[];
  /** Wall time inside the environment. */
  ms: number;
  /** True when this is an earlier result of the same image on the same machine. */
  cached: boolean;
}

/** The facts of a report in the contract's shape; judged by judgeVerification. */
export function verificationOf(
  report: VerificationReport,
  findings: readonly Finding[],
): Omit<Verification, 'ok'> {
  const { torch, gpus, matmul, compile } = report.steps;
  const imports = Object.entries(report.imports);
  return {
    python: report.interpreter.python,
    torch: torch?.torch ?? null,
    cuda: torch?.cuda ?? null,
    cudnn: torch?.cudnn ?? null,
    nccl: torch?.nccl ?? null,
    triton: torch?.triton ?? null,
    device: matmul?.device ?? null,
    gpus: (gpus?.gpus ?? []).map(({ index, name, memory, computeCapability }) => ({
      index,
      name,
      memory,
      computeCapability,
    })),
    matmul:
      matmul?.productMs === undefined || matmul.n === undefined
        ? null
        : { n: matmul.n, ms: matmul.productMs, maxError: matmul.maxError ?? null },
    compile:
      compile === undefined ? null : { ok: compile.ok, ms: compile.ms, maxError: compile.maxError ?? null },
    imports: {
      tried: imports.length,
      failed: imports.filter(([, result]) => !result.ok).map(([name]) => name),
      ms: Math.round(imports.reduce((sum, [, result]) => sum + result.ms, 0)),
    },
    findings: [...findings],
    ms: report.ms,
    cached: false,
  };
}
