import * as v from 'valibot';
import type { CompatTables } from '../../compat/index.ts';
import type { HostFacts } from '../../host/index.ts';
import { RigError } from '../../kernel/index.ts';
import { explainText } from '../explain/explainText.ts';
import type { FindingId } from '../findingCatalogue.ts';
import { type Finding, finding, orderFindings } from '../finding.ts';
import { placeFindings } from './placeFindings.ts';
import { ProbeReport, type ProbeStep } from './probeReport.ts';
import { rateFindings } from './rateFindings.ts';

const REBUILD = 'rig down --purge && rig up   (makes the environment anew; /workspace is kept)';

interface Meaning {
  id: FindingId;
  title: string;
  remedy: string;
  severity: Finding['severity'];
}

/** What a failed step means. Steps that placeFindings judges are not here. */
const MEANINGS: Record<string, Meaning> = {
  files: {
    id: 'library-corrupt',
    title: 'a library of the environment is damaged or was changed',
    remedy: REBUILD,
    severity: 'fail',
  },
  libraries: {
    id: 'stray-libraries',
    title: 'other copies of CUDA or torch libraries come before the environment’s own',
    remedy: 'unset LD_LIBRARY_PATH (env: in torchrig.yaml), then: rig down && rig up',
    severity: 'fail',
  },
  torch: { id: 'torch-broken', title: 'torch cannot be imported', remedy: REBUILD, severity: 'fail' },
  gpus: { id: 'gpu-query-failed', title: 'the GPUs cannot be asked', remedy: 'nvidia-smi', severity: 'fail' },
  allocate: {
    id: 'allocation-failed',
    title: 'memory cannot be had',
    remedy: 'nvidia-smi shows who uses it',
    severity: 'fail',
  },
  products: {
    id: 'product-wrong',
    title: 'a matrix product fails or is wrong',
    remedy: 'run it again; if it stays, the card or its memory is faulty',
    severity: 'fail',
  },
  compile: {
    id: 'compile-failed',
    title: 'torch.compile does not work',
    remedy: 'rig exec -- apt-get install -y g++ python3-dev',
    severity: 'fail',
  },
  dataLoader: {
    id: 'dataloader-failed',
    title: 'DataLoader workers fail',
    remedy: 'rig down, then rig up --shm-size 8g',
    severity: 'fail',
  },
  gloo: {
    id: 'gloo-failed',
    title: 'processes cannot add up a tensor over gloo',
    remedy: 'rig explain -, with the error above',
    severity: 'fail',
  },
  nccl: {
    id: 'nccl-failed',
    title: 'the GPUs cannot add up a tensor over NCCL',
    remedy: 'NCCL_DEBUG=WARN rig exec -- python ... 2>&1 | rig explain -',
    severity: 'fail',
  },
  peers: {
    id: 'peer-copy-wrong',
    title: 'data changes on its way between GPUs',
    remedy: 'turn IOMMU/ACS off in the BIOS (bare metal), or NCCL_P2P_DISABLE=1',
    severity: 'fail',
  },
  rates: {
    id: 'rates-failed',
    title: 'the speed of a GPU cannot be measured',
    remedy: 'rig explain -, with the error above',
    severity: 'warn',
  },
};

/** Causes before consequences: what fails because of one of these says nothing new. */
const BROKEN = ['torch-broken', 'library-corrupt', 'memory-low'];
const CAUSES: Record<string, string[]> = {
  torch: ['library-corrupt', 'stray-libraries', 'memory-low'],
  compile: ['no-compiler', ...BROKEN],
  dataLoader: ['shm-small', ...BROKEN],
  gloo: BROKEN,
  nccl: ['shm-small', ...BROKEN],
  allocate: BROKEN,
  products: BROKEN,
  gpus: BROKEN,
};

function stepFinding(name: string, step: ProbeStep, host: HostFacts | undefined): Finding | undefined {
  const meaning = MEANINGS[name.split(' ', 1)[0] ?? ''];
  if (!meaning || step.ok) return undefined;
  const error = step.error;
  const known =
    error &&
    explainText(`${error.message}\n${error.trace ?? ''}\n${error.output ?? ''}`, host ? { host } : {})[0];
  const words = error?.output ? ` / ${error.output.split('\n').slice(-2).join(' / ')}` : '';
  return finding(meaning.id, meaning.severity, {
    title: known ? `${meaning.title}: ${known.title}` : meaning.title,
    evidence:
      `${error?.type ? `${error.type}: ` : ''}${error?.message.split('\n', 1)[0] ?? 'no reason given'}${words}`.slice(
        0,
        500,
      ),
    remedy: known?.remedy ?? meaning.remedy,
  });
}

function stepFindings(
  report: ProbeReport,
  place: readonly Finding[],
  host: HostFacts | undefined,
): Finding[] {
  const seen = new Set(place.filter(({ severity }) => severity === 'fail').map(({ id }) => id));
  const found: Finding[] = [];
  // The order of MEANINGS puts causes first.
  for (const known of Object.keys(MEANINGS)) {
    for (const [name, step] of Object.entries(report.steps)) {
      if (name.split(' ', 1)[0] !== known) continue;
      const each = stepFinding(name, step, host);
      if (!each) continue;
      const explained = CAUSES[known]?.some((cause) => seen.has(cause));
      seen.add(each.id);
      if (!explained) found.push(each);
    }
  }
  return found;
}

export interface Known {
  /** Makes remedies fit this machine. */
  host?: HostFacts;
  tables?: CompatTables;
  /** Bytes that a cgroup allows the environment, seen from outside. */
  memoryLimit?: number | null;
}

/** Judges what python/rigprobe/probes.py printed. Throws RIG-DOCTOR-002 when it is no report. */
export function environmentFindings(raw: unknown, options: Known = {}): Finding[] {
  const parsed = v.safeParse(ProbeReport, raw);
  if (!parsed.success) {
    throw new RigError('RIG-DOCTOR-002', 'the probes gave no readable report', {
      why: v.summarize(parsed.issues).split('\n', 1)[0] ?? '',
      hint: 'rig down --purge && rig up',
    });
  }
  const report = parsed.output;
  const place = placeFindings(report, options.memoryLimit ?? null);
  const rates = options.tables ? rateFindings(report, options.tables) : [];
  return orderFindings([...place, ...stepFindings(report, place, options.host), ...rates]);
}
