import * as v from 'valibot';
import { StepError, VerificationReport } from '../verificationReport.ts';

/** A step of python/rigprobe/probes.py: `ok`, `ms`, perhaps `error`, and whatever facts the step has. */
const Step = v.looseObject({ ok: v.boolean(), ms: v.number(), error: v.optional(StepError) });

export const ProbeReport = v.object({
  format: v.literal(1),
  interpreter: VerificationReport.entries.interpreter,
  steps: v.record(v.string(), Step),
  ms: v.number(),
});

export type ProbeReport = v.InferOutput<typeof ProbeReport>;
export type ProbeStep = v.InferOutput<typeof Step>;

/** Facts of steps that are judged by their numbers. A step that lacks them is judged by `ok` alone. */
export const Memory = v.looseObject({
  total: v.number(),
  available: v.number(),
  limit: v.nullable(v.number()),
  addressSpace: v.nullable(v.number()),
});
export const Tools = v.looseObject({
  compiler: v.nullable(v.string()),
  c: v.nullable(v.string()),
  headers: v.boolean(),
  variables: v.record(v.string(), v.string()),
});
export const Folder = v.looseObject({ path: v.string(), free: v.number() });
export const SharedMemory = v.looseObject({ total: v.number() });
export const Rates = v.looseObject({
  index: v.number(),
  name: v.string(),
  tflops: v.record(v.string(), v.number()),
  copyGBs: v.number(),
  toDeviceGBs: v.number(),
  toHostGBs: v.number(),
});

/** The facts of a step in a known shape, or undefined when the step did not get so far. */
export function factsOf<T extends v.GenericSchema>(
  step: ProbeStep | undefined,
  schema: T,
): v.InferOutput<T> | undefined {
  const parsed = v.safeParse(schema, step);
  return parsed.success ? parsed.output : undefined;
}
