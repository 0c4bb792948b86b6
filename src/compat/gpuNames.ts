import { distance } from 'fastest-levenshtein';
import type { Gpu, GpuClass } from './tables.ts';

/** Market class by name: forward compatibility and support differ between them. */
export function gpuClassOf(name: string, family = ''): GpuClass {
  if (/jetson|orin|thor|xavier|tegra|nvgpu/i.test(`${name} ${family}`)) return 'jetson';
  if (/titan/i.test(name)) return 'titan';
  if (/rtx (pro|a\d)|\bada\b|quadro|\bT[12]000\b|\bGB10\b/i.test(name)) return 'workstation';
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
    .replaceAll(/\b(rtx|gtx)(?=\d)/g, '$1 ')
    .replaceAll(/(?<=\d{4})(?=(ti|super)\b)/g, ' ')
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

interface Fit {
  gpu: Gpu;
  /** Words of the row's name that the query lacks. */
  extra: number;
  /** How well the model fits (form factor, memory); higher is better. */
  score: number;
}

/** How well a row fits; undefined when it is another card. */
function fit(query: Name, gpu: Gpu, alias: Name): Fit | undefined {
  if (query.core.length === 0 || query.core.some((token) => !alias.core.includes(token))) return undefined;
  const extra = alias.core.length - query.core.length;
  // a bare word such as `RTX` is part of many names
  if (extra > 0 && !query.core.some((token) => /\d|orin|thor|spark|xavier/.test(token))) return undefined;
  const shared = query.model.filter((token) => alias.model.includes(token)).length;
  const hbm3 = query.model.includes('hbm3') && alias.model.includes('sxm') ? 1 : 0;
  const unsaid = alias.model.filter((token) => !query.model.includes(token)).length;
  return { gpu, extra, score: 10 * shared + 5 * hbm3 - unsaid };
}

/**
 * Finds a GPU by what a person or NVML calls it (`RTX 5090`, `NVIDIA H100 80GB HBM3`). Undefined when there is none, or
 * when several with different compute capabilities fit equally (`RTX 6000`).
 */
export function findGpu(name: string, gpus: readonly Gpu[]): GpuMatch | undefined {
  const query = parseName(name);
  const exact = gpus.find((gpu) => gpu.name === name);
  if (exact) return { gpu: exact, sibling: false };
  const fits = gpus.flatMap((gpu) =>
    aliases(gpu.name).flatMap((alias) => fit(query, gpu, parseName(alias)) ?? []),
  );
  const closest = Math.min(...fits.map(({ extra }) => extra));
  const best = fits.filter(({ extra }) => extra === closest).sort((a, b) => b.score - a.score);
  const [first] = best;
  if (first === undefined || best.some(({ gpu }) => gpu.computeCapability !== first.gpu.computeCapability))
    return undefined;
  return { gpu: first.gpu, sibling: query.sibling.length > 0 };
}

const plain = (text: string): string => parseName(text).core.join(' ');

/** Names closest to one that was not found, nearest first: cards that have all its words, then by spelling. */
export function nearestGpuNames(name: string, gpus: readonly Gpu[], count = 3): string[] {
  const query = parseName(name);
  const wanted = plain(name);
  const far = (gpu: Gpu): number => {
    const fits =
      query.core.length > 0 &&
      aliases(gpu.name).some((alias) => query.core.every((token) => parseName(alias).core.includes(token)));
    return fits ? -1 : Math.min(...aliases(gpu.name).map((alias) => distance(wanted, plain(alias))));
  };
  return gpus
    .map((gpu) => ({ name: gpu.name, far: far(gpu) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map((entry) => entry.name);
}
