import * as v from 'valibot';
import type { CompatTables } from './tables.ts';
import { TABLES_FORMAT } from './tables.ts';

const version = v.pipe(v.string(), v.regex(/^\d+(\.\d+)+$/, 'is not a version'));
const capability = v.pipe(v.string(), v.regex(/^\d{1,2}\.\d$/, 'is not a compute capability'));
const day = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/, 'is not a day'));
const text = v.pipe(v.string(), v.nonEmpty());
const texts = v.array(v.string());
const sources = v.pipe(v.array(text), v.minLength(1, 'names no source'));
const confidence = v.picklist(['high', 'medium', 'low']);
const branch = v.pipe(v.number(), v.integer(), v.minValue(300), v.maxValue(9999));
const major = v.pipe(v.number(), v.integer(), v.minValue(10), v.maxValue(99));
const rate = v.nullable(v.pipe(v.number(), v.minValue(0)));
/** Only our own platforms: a row for another one is a mistake, not a future. */
const perPlatform = <T extends v.GenericSchema>(schema: T) =>
  v.strictObject({ 'linux/amd64': v.optional(schema), 'linux/arm64': v.optional(schema) });

const build = v.strictObject({
  architectures: v.nullable(v.array(capability)),
  ptx: v.nullable(capability),
  glibc: version,
  nvidia: v.record(v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/)), text),
  triton: v.optional(v.nullable(version)),
  read: v.optional(day),
});

const variant = v.strictObject({
  cuda: version,
  cudnn: v.nullable(version),
  nccl: v.nullable(version),
  cusparselt: v.nullable(version),
  nvshmem: v.nullable(version),
  builds: perPlatform(build),
  confidence,
  notes: texts,
  sources,
});

export const releaseSchema = v.strictObject({
  version,
  date: v.nullable(v.pipe(v.string(), v.regex(/^\d{4}-\d{2}(-\d{2})?$/, 'is not a date'))),
  torchvision: v.nullable(version),
  torchaudio: v.nullable(version),
  triton: v.nullable(version),
  python: v.strictObject({ min: version, max: version }),
  indexDefault: perPlatform(text),
  cpu: perPlatform(version),
  variants: v.record(v.pipe(v.string(), v.regex(/^cu\d{2,3}$/, 'is not a variant')), variant),
  status: v.picklist(['reviewed', 'read']),
  notes: texts,
  sources,
});

const drivers = v.strictObject({
  floors: v.array(
    v.strictObject({
      cudaMajor: major,
      driver: v.pipe(v.string(), v.regex(/^\d{3,4}(\.\d+){0,2}$/)),
      sources,
    }),
  ),
  branches: v.array(v.strictObject({ branch, cuda: version, lifecycle: v.nullable(text), sources })),
  shipped: v.array(v.strictObject({ cuda: text, driver: version, sources })),
  toolkitMinimum: v.array(v.strictObject({ cudaMajor: major, computeCapability: capability, sources })),
  firstBranch: v.array(
    v.strictObject({ computeCapability: capability, branch, family: text, confidence, sources }),
  ),
  lastBranch: v.array(v.strictObject({ below: capability, branch, families: text, sources })),
  forward: v.array(v.strictObject({ cuda: version, branches: v.array(branch), sources })),
});

const gpu = v.strictObject({
  name: text,
  class: v.picklist(['geforce', 'titan', 'workstation', 'datacenter', 'jetson']),
  family: text,
  computeCapability: capability,
  memoryGb: v.array(v.number()),
  bandwidth: v.array(v.number()),
  tflops: v.strictObject({ fp32: rate, tf32: rate, bf16: rate, fp16: rate, fp8: rate }),
  confidence,
  notes: texts,
  sources,
});

const issue = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^\w+$/)),
  symptom: text,
  cause: text,
  remedy: text,
  detect: v.nullable(text),
  confidence,
  links: v.array(v.pipe(v.string(), v.url())),
  sources: texts,
});

const feature = v.strictObject({
  feature: v.picklist(['compile', 'tf32', 'bf16', 'fp8', 'fp4', 'flash-attention']),
  computeCapability: capability,
  sources,
});

/** Shape of the tables, strict: an unknown field is an error, not a wish. */
export const tablesSchema = v.strictObject({
  format: v.literal(TABLES_FORMAT),
  date: day,
  sources: v.record(v.string(), text),
  releases: v.pipe(v.array(releaseSchema), v.minLength(1, 'is empty')),
  drivers,
  gpus: v.array(gpu),
  features: v.array(feature),
  issues: v.array(issue),
});

/** Problems of shape, each as `releases.3.variants.cu126.cuda: is not a version`; empty when the document fits. */
export function shapeProblems(document: unknown): string[] {
  const result = v.safeParse(tablesSchema, document);
  return (result.issues ?? []).map(
    (problem) => `${v.getDotPath(problem) ?? '(the whole)'}: ${wordsOf(problem)}`,
  );
}

/** valibot's own words are for programmers. */
function wordsOf({ type, expected, received, message }: v.BaseIssue<unknown>): string {
  if (type === 'strict_object' && expected === 'never') return 'is not a field of the tables';
  if (received === 'undefined') return 'is missing';
  return message.startsWith('Invalid') ? `is ${received}, not ${expected}` : message;
}

/** @returns the document as tables; call only after `shapeProblems` found none. */
export const asTables = (document: unknown): CompatTables => document as CompatTables;
