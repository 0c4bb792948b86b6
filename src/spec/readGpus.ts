import type { Reading } from './reading.ts';

export type Gpus = 'all' | 'none' | (number | string)[];

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const GPU = new RegExp(`^GPU-${UUID}$`, 'i');
// Two spellings: since R470 MIG-<uuid>, before it MIG-GPU-<uuid>/<gpu instance>/<compute instance>.
const MIG = new RegExp(`^MIG-(${UUID}|GPU-${UUID}/\\d+/\\d+)$`, 'i');
const HELP = 'all, none, [0, 1], or the uuids that nvidia-smi -L prints';

/** One GPU: its index or uuid. */
export function readGpu(text: string): Reading<number | string> {
  const written = text.trim();
  if (/^\d{1,3}$/.test(written)) return { value: Number(written) };
  if (GPU.test(written) || MIG.test(written)) return { value: written };
  return { problem: 'is not a GPU', suggestion: HELP };
}

/** `all`, `none`, `0,1`, docker's `device=0,1`, uuids with commas. */
export function readGpus(text: string): Reading<Gpus> {
  const written = text.trim().replaceAll('"', '');
  if (written === 'all' || written === 'none') return { value: written };
  if (/^\d+$/.test(written))
    return {
      problem: 'could mean a GPU or a number of GPUs',
      suggestion: `[${written}] or device=${written} for that GPU, 0,1 for the first two`,
    };
  return readGpuList(written.replace(/^device=/, '').split(','));
}

/** A list of GPUs, each once. */
export function readGpuList(texts: readonly string[]): Reading<(number | string)[]> {
  if (texts.length === 0) return { problem: 'is an empty list', suggestion: 'none' };
  const gpus: (number | string)[] = [];
  for (const text of texts) {
    const gpu = readGpu(text);
    if ('problem' in gpu) return gpu;
    if (gpus.includes(gpu.value)) return { problem: 'names a GPU twice' };
    gpus.push(gpu.value);
  }
  return { value: gpus };
}
