import type { CompatTables, Plan } from '../../compat/index.ts';
import type { HostFacts } from '../../host/index.ts';
import type { Finding } from '../finding.ts';

export interface CheckContext {
  /** What must run here: the plan of the lock at hand. */
  plan?: Plan | null | undefined;
  tables?: CompatTables | undefined;
}

/** Looks at one side of a machine. Pure. */
export type HostCheck = (host: HostFacts, context: CheckContext) => Finding[];

/** GPUs that the NVIDIA driver is to drive: not those given to a virtual machine. */
export const ownGpus = (host: HostFacts): HostFacts['gpus'] =>
  host.gpus.filter((gpu) => gpu.boundTo === null || !gpu.boundTo.startsWith('vfio'));

export const gigabytes = (bytes: number): string =>
  `${(bytes / 2 ** 30).toFixed(bytes < 10 * 2 ** 30 ? 1 : 0)} GiB`;

/** Bytes that a process here may use, as far as known. */
export function usableMemory(host: HostFacts): number | null {
  const known = [host.memory.total, host.memory.limit].filter((bytes) => bytes !== null);
  return known.length > 0 ? Math.min(...known) : null;
}
