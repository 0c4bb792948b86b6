import { parseComputeCapability } from './versions.ts';

export interface Architectures {
  /** Compute capabilities with machine code. */
  cubins: string[];
  /** Newest compute capability with PTX, or null. */
  ptx: string | null;
}

/** Longer than any list of architectures; carried over the edge of two pieces. */
const OVERLAP = 1024;
/**
 * torch/csrc/cuda/Module.cpp returns the flags as one C string: `sm_75 sm_80 compute_80`. Compilers may lay other
 * characters right before it, so only its end is sure to be a NUL.
 */
const LIST = /((?:(?:sm|compute)_\d{2,3}[af]? ){1,40}(?:sm|compute)_\d{2,3}[af]?)\0/;
const SINGLE = /\0((?:sm|compute)_\d{2,3})\0/;

function parseList(text: string): Architectures {
  const named = (prefix: string): string[] =>
    text
      .split(' ')
      .filter((flag) => flag.startsWith(prefix))
      .flatMap((flag) => parseComputeCapability(flag) ?? []);
  return { cubins: [...new Set(named('sm_'))], ptx: named('compute_').at(-1) ?? null };
}

/**
 * Finds the architectures torch was compiled for in torch/lib/libtorch_python.so: the string that
 * `torch._C._cuda_getArchFlags()` returns. Stops at the first list of two or more; null when there is none (a CPU wheel).
 */
export async function findArchitectures(pieces: AsyncIterable<Buffer>): Promise<Architectures | null> {
  let rest: Buffer = Buffer.alloc(0);
  let single: string | undefined;
  for await (const piece of pieces) {
    const text = Buffer.concat([rest, piece]);
    if (text.includes('sm_') || text.includes('compute_')) {
      const latin = text.toString('latin1');
      const list = LIST.exec(latin)?.[1];
      if (list !== undefined) return parseList(list);
      single ??= SINGLE.exec(latin)?.[1];
    }
    rest = text.subarray(-OVERLAP);
  }
  return single === undefined ? null : parseList(single);
}
