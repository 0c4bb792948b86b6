import * as v from 'valibot';

/** What python/rigprobe/verify.py prints. Everything from inside an environment is checked before use. */
export const StepError = v.object({
  kind: v.picklist(['exception', 'finding', 'timeout', 'signal', 'exit']),
  message: v.string(),
  type: v.optional(v.string()),
  trace: v.optional(v.string()),
  signal: v.optional(v.string()),
  output: v.optional(v.string()),
});

const step = { ok: v.boolean(), ms: v.number(), error: v.optional(StepError) };
const text = v.optional(v.nullable(v.string()));

const DriverAnswer = v.object({
  found: v.boolean(),
  why: v.optional(v.string()),
  code: v.optional(v.number()),
  cuda: v.optional(v.string()),
  driver: v.optional(v.string()),
  devices: v.optional(v.number()),
});

const VerifiedGpu = v.object({
  index: v.number(),
  name: v.string(),
  memory: v.number(),
  computeCapability: v.string(),
  multiprocessors: v.optional(v.number()),
});

export const VerificationReport = v.object({
  format: v.literal(1),
  interpreter: v.object({
    python: v.string(),
    executable: v.string(),
    compiler: v.nullable(v.string()),
    headers: v.boolean(),
    cores: v.number(),
  }),
  steps: v.object({
    torch: v.optional(
      v.object({
        ...step,
        torch: text,
        cuda: text,
        cudnn: text,
        nccl: text,
        triton: text,
        archList: v.optional(v.array(v.string())),
        threads: v.optional(v.number()),
      }),
    ),
    gpus: v.optional(
      v.object({
        ...step,
        available: v.optional(v.boolean()),
        why: v.optional(v.string()),
        driver: v.optional(DriverAnswer),
        nvml: v.optional(DriverAnswer),
        gpus: v.optional(v.array(VerifiedGpu)),
      }),
    ),
    matmul: v.optional(
      v.object({
        ...step,
        device: v.optional(v.string()),
        n: v.optional(v.number()),
        productMs: v.optional(v.number()),
        // NaN is not JSON in Python's strict sense, but Python prints it
        maxError: v.optional(v.nullable(v.number())),
      }),
    ),
    compile: v.optional(
      v.object({ ...step, device: v.optional(v.string()), maxError: v.optional(v.nullable(v.number())) }),
    ),
  }),
  imports: v.record(
    v.string(),
    v.object({
      ...step,
      version: v.optional(v.string()),
      modules: v.optional(v.array(v.string())),
      module: v.optional(v.string()),
      missing: v.optional(v.boolean()),
    }),
  ),
  ms: v.number(),
});

export type VerificationReport = v.InferOutput<typeof VerificationReport>;
export type ImportResult = VerificationReport['imports'][string];
export type StepError = v.InferOutput<typeof StepError>;

/** Whether the kernel ended it, which it does for want of memory: what overruns its time is a `timeout`. */
export function wasKilled(step: { error?: StepError | undefined }): boolean {
  return step.error?.kind === 'signal' && step.error.signal === 'SIGKILL';
}

/** Names of the steps that the kernel ended. */
export function killedSteps(
  steps: Readonly<Record<string, { error?: StepError | undefined } | undefined>>,
): string[] {
  return Object.entries(steps).flatMap(([name, step]) => (step && wasKilled(step) ? [name] : []));
}
