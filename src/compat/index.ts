export type { Plan } from './plan.ts';
export { COMPAT_ERRORS } from './errors.ts';
export { solve } from './solve.ts';
export { loadTables } from './loadTables.ts';
export type { LoadedTables } from './loadTables.ts';
export { hostFromFlags } from './hostFromFlags.ts';
export type { HostFlags } from './hostFromFlags.ts';
export { servedVariants } from './served.ts';
export type {
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
