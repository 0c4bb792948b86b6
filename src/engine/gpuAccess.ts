import type { Bind } from './bootScript.ts';

export interface GpuAccess {
  binds: Bind[];
  links: [string, string][];
  env: Record<string, string>;
  notices: string[];
}

export async function gpuAccess(_gpus: 'all' | 'none' | (number | string)[]): Promise<GpuAccess> {
  return { binds: [], links: [], env: {}, notices: [] };
}
