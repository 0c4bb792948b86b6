export type { Plan } from './plan.ts';
export { COMPAT_ERRORS } from './errors.ts';
export { solve } from './solve.ts';
export { loadTables } from './loadTables.ts';
export type { LoadedTables } from './loadTables.ts';
export { hostFromFlags } from './hostFromFlags.ts';
export type { HostFlags } from './hostFromFlags.ts';
export { servedVariants } from './served.ts';
export type { Served } from './served.ts';
export { findGpu } from './gpuNames.ts';
export type { GpuMatch } from './gpuNames.ts';
export { learnRelease } from './learn.ts';
export type { Learned, LearnOptions } from './learn.ts';
export { verifyTables } from './verify.ts';
export type { Difference } from './compareReading.ts';
export type { RowCheck, Verification, VerifyOptions } from './verify.ts';
export type { TorchReading } from './readWheel.ts';
export { indexWheelSource } from './wheelSource.ts';
export type { WheelSource } from './wheelSource.ts';
export type {
  Forced,
  Nearest,
  Outranked,
  Reason,
  Rejected,
  RejectionCode,
  SolveGpu,
  SolveHost,
  SolveOptions,
  SolveRefusal,
  SolveRequest,
  SolveResult,
  SolveSuccess,
  TorchBound,
  Warning,
} from './solveTypes.ts';
export type {
  Build,
  CompatTables,
  Feature,
  Gpu,
  GpuClass,
  KnownIssue,
  Platform,
  Release,
  Variant,
} from './tables.ts';
export { compatRow } from './compatRow.ts';
export type { CompatCell, CompatLine, CompatRow } from './compatRow.ts';
export { keepLearned } from './keepLearned.ts';
export { renderMarkdownMatrix } from './renderMarkdown.ts';
export { toSolveHost } from './toSolveHost.ts';
export type { SeenHost } from './toSolveHost.ts';
export { revertTables, updateTables } from './updateTables.ts';
export type { UpdateResult } from './updateTables.ts';
export { torchOutlook } from './torchOutlook.ts';
export type { TorchOutlook } from './torchOutlook.ts';
