import { type CompatTables, findGpu } from '../../compat/index.ts';
import { type Finding, finding } from '../finding.ts';
import { Rates, factsOf } from './probeReport.ts';
import type { ProbeReport } from './probeReport.ts';

/** Shares of the table's physical limit that a healthy card reaches with large products and copies. */
const HEALTHY: Record<'matrix' | 'memory', number> = { matrix: 0.65, memory: 0.7 };
/** Below this something is clearly wrong, not merely untuned. */
const SICK = 0.4;
/** GB/s: four lanes of PCIe 3; a pinned copy below it means a bad slot. */
const SLOW_LINK = 4;

export interface MeasuredRate {
  gpu: string;
  what: string;
  measured: number;
  limit: number;
  share: number;
  /** `H200 SXM: 712 of 989 TFLOP/s bf16, 72 %; healthy is >= 65 %`. */
  text: string;
}

function rate(
  gpu: string,
  what: string,
  of: { measured: number; limit: number; healthy: number; unit: string },
): MeasuredRate {
  const share = of.measured / of.limit;
  const digits = of.limit < 20 ? 1 : 0;
  return {
    gpu,
    what,
    measured: of.measured,
    limit: of.limit,
    share,
    text: `${gpu}: ${of.measured.toFixed(digits)} of ${of.limit.toFixed(digits)} ${of.unit}, ${Math.round(share * 100)} %; healthy is >= ${Math.round(of.healthy * 100)} %`,
  };
}

/** Measured matrix rates and bandwidth of each GPU beside the table's limits; GPUs that the table lacks are left out. */
export function measuredRates(
  report: ProbeReport,
  tables: CompatTables,
): { rate: MeasuredRate; healthy: number; sure: boolean }[] {
  return Object.entries(report.steps).flatMap(([name, step]) => {
    const facts = name.startsWith('rates ') ? factsOf(step, Rates) : undefined;
    const match = facts && findGpu(facts.name, tables.gpus);
    // A laptop's or otherwise cut-down sibling has other limits than the table's card.
    if (!facts || !match || match.sibling) return [];
    const { gpu } = match;
    const sure = gpu.confidence === 'high';
    const label = `GPU ${facts.index} ${gpu.name}`;
    const matrix = (['fp32', 'tf32', 'bf16', 'fp16'] as const).flatMap((kind) => {
      const measured = facts.tflops[kind];
      const limit = gpu.tflops[kind];
      if (measured === undefined || limit === null) return [];
      const unit = `TFLOP/s ${kind}`;
      return [
        {
          rate: rate(label, kind, { measured, limit, healthy: HEALTHY.matrix, unit }),
          healthy: HEALTHY.matrix,
          sure,
        },
      ];
    });
    const limit = Math.min(...gpu.bandwidth);
    if (gpu.bandwidth.length > 0) {
      const memory = { measured: facts.copyGBs, limit, healthy: HEALTHY.memory, unit: 'GB/s' };
      matrix.push({ rate: rate(label, 'memory', memory), healthy: HEALTHY.memory, sure });
    }
    return matrix;
  });
}

function slowLinks(report: ProbeReport): Finding[] {
  return Object.entries(report.steps).flatMap(([name, step]) => {
    const facts = name.startsWith('rates ') ? factsOf(step, Rates) : undefined;
    if (!facts || Math.min(facts.toDeviceGBs, facts.toHostGBs) >= SLOW_LINK) return [];
    return [
      finding('link-slow', 'warn', {
        title: `data reaches GPU ${facts.index} slowly`,
        evidence: `pinned copies: ${facts.toDeviceGBs} GB/s to it, ${facts.toHostGBs} GB/s from it`,
        remedy: 'check slot, riser and the BIOS setting of the PCIe generation',
      }),
    ];
  });
}

/** Finds throttled, misplugged or shared cards: what they reach against what physics allows. */
export function rateFindings(report: ProbeReport, tables: CompatTables): Finding[] {
  const slow = measuredRates(report, tables).filter(({ rate, healthy }) => rate.share < healthy);
  return [
    ...slow.map(({ rate, sure }) =>
      finding('gpu-slow', sure && rate.share < SICK ? 'warn' : 'info', {
        title: `${rate.gpu} is slower than it should be (${rate.what})`,
        evidence: rate.text,
        remedy:
          'nvidia-smi -q -d PERFORMANCE,POWER,TEMPERATURE shows throttling; nvidia-smi shows who else uses it',
      }),
    ),
    ...slowLinks(report),
  ];
}
