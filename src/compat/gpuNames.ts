import { distance } from 'fastest-levenshtein';
import type { Gpu, GpuClass } from './tables.ts';

/** Market class by name: forward compatibility and support differ between them. */
export function gpuClassOf(name: string, family = ''): GpuClass {
  if (/jetson|orin|thor|xavier|tegra|nvgpu/i.test(`${name} ${family}`)) return 'jetson';
  if (/titan/i.test(name)) return 'titan';
  if (/rtx (pro|a\d)|\bada\b|quadro|\bT[12]000\b/i.test(name)) return 'workstation';
  if (/geforce|\b(rtx|gtx) ?\d{3,4}\b/i.test(name)) return 'geforce';
  return 'datacenter';
}

/** Words that say who made or sold a card, not which card it is. */
const NOISE = new Set([
  'nvidia',
  'geforce',
  'tesla',
  'grid',
  'gpu',
  'graphics',
  'generation',
  'edition',
  'nvgpu',
  'with',
  'design',
  'integrated',
]);
/** Words that tell models of one chip apart. */
const MODEL = /^(sxm|pcie|nvl|hgx|dgx|hbm2e?|hbm3e?|\d+gb?)$/;
/** Suffixes of slower siblings with the same compute capability. */
const SIBLING = new Set(['laptop', 'mobile', 'max', 'maxq', 'q', 'd']);

interface Name {
  core: string[];
  model: string[];
  sibling: string[];
}

function parseName(text: string): Name {
  const tokens = text
    .toLowerCase()
    .replace(/\bmig\b.*/, '')
    .replaceAll(/sxm\d/g, 'sxm')
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()
    .split(' ')
    .filter((token) => token !== '' && !NOISE.has(token));
  return {
    core: tokens.filter((token) => !MODEL.test(token) && !SIBLING.has(token)),
    model: tokens.filter((token) => MODEL.test(token)),
    sibling: tokens.filter((token) => SIBLING.has(token)),
  };
}

/** `GB10 (DGX Spark)` answers to both names, `B300 / GB300` too; `(per GPU)` and `(HGX/DGX)` are remarks. */
function aliases(name: string): string[] {
  const inside = /\(([^)]*)\)/.exec(name)?.[1] ?? '';
  const outside = name.replace(/\([^)]*\)/, '').split(' / ');
  return /spark/i.test(inside) ? [...outside, 'Spark'] : outside;
}

export interface GpuMatch {
  gpu: Gpu;
  /** True for a laptop or cut-down sibling: same compute capability, lower rates than the row's. */
  sibling: boolean;
}

/** How well a row fits; undefined when it is another card. Higher is better. */
function fit(query: Name, alias: Name): number | undefined {
  const missing = query.core.filter((token) => !alias.core.includes(token));
  if (missing.length > 0 || !query.core.some((token) => /\d|orin|thor|spark|xavier/.test(token)))
    return undefined;
  const extra = alias.core.length - query.core.length;
  const shared = query.model.filter((token) => alias.model.includes(token)).length;
  const hbm3 = query.model.includes('hbm3') && alias.model.includes('sxm') ? 1 : 0;
  return (
    -100 * extra + 10 * shared + 5 * hbm3 - alias.model.filter((token) => !query.model.includes(token)).length
  );
}

/** Finds a GPU by what a person or NVML calls it (`RTX 5090`, `NVIDIA H100 80GB HBM3`), or undefined. */
export function findGpu(name: string, gpus: readonly Gpu[]): GpuMatch | undefined {
  const query = parseName(name);
  let best: { gpu: Gpu; score: number } | undefined;
  for (const gpu of gpus) {
    for (const alias of aliases(gpu.name)) {
      const score = fit(query, parseName(alias));
      if (score !== undefined && (best === undefined || score > best.score)) best = { gpu, score };
    }
  }
  return best && { gpu: best.gpu, sibling: query.sibling.length > 0 };
}

const plain = (text: string): string => parseName(text).core.join(' ');

/** Names closest to one that was not found, nearest first. */
export function nearestGpuNames(name: string, gpus: readonly Gpu[], count = 3): string[] {
  const wanted = plain(name);
  return gpus
    .map((gpu) => ({
      name: gpu.name,
      far: Math.min(...aliases(gpu.name).map((alias) => distance(wanted, plain(alias)))),
    }))
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map((entry) => entry.name);
}
