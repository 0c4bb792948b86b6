import type { CompatTables } from '../../compat/index.ts';
import type { HostFacts } from '../../host/index.ts';
import type { Finding } from '../finding.ts';
import { probeScript } from '../probeScript.ts';
import { type ExecInside, parseProbeOutput } from '../verify.ts';
import { isHopeless } from '../memoryFinding.ts';
import { environmentFindings } from './environmentFindings.ts';

export interface ProbeOptions {
  exec: ExecInside;
  /** Has the lock a torch? */
  torch: boolean;
  /** The interpreter inside, `python`. */
  python?: string;
  /** Where the user's work lies inside, `/workspace`. */
  workspace?: string;
  tables?: CompatTables;
  /** Bytes that a cgroup outside allows it; the environment cannot see it. Where torch cannot even be imported, it is not tried. */
  memoryLimit?: number | null;
  /** What is known of the machine, perhaps still being gathered: makes remedies fit it. */
  host?: Promise<HostFacts>;
  /** False leaves torch.compile out, the longest step: after a verification that had it. */
  compile?: boolean;
  /** Seconds for hashing libraries: 3, about 2 GB; sizes are always checked. */
  hashSeconds?: number;
}

/** Seconds after which the probes are given up; each step has a limit of its own. */
const TOTAL = 400;

/** Runs the probes inside an environment: about 9 s on two idle cores, 4 s without torch.compile. */
export async function probeEnvironment(
  options: ProbeOptions,
): Promise<{ findings: Finding[]; report: unknown }> {
  const input = await probeScript('probes', {
    torch: options.torch,
    work: options.torch && !isHopeless(options.memoryLimit),
    workspace: options.workspace ?? '/workspace',
    workers: 2,
    hashSeconds: options.hashSeconds ?? 3,
    compile: options.compile ?? true,
    total: TOTAL,
  });
  const result = await options.exec([options.python ?? 'python', '-'], {
    input,
    timeout: (TOTAL + 30) * 1000,
  });
  const report = parseProbeOutput(result, 'the probes');
  const { tables, memoryLimit = null } = options;
  const host = await options.host;
  const known = { memoryLimit, ...(tables && { tables }), ...(host && { host }) };
  return { findings: environmentFindings(report, known), report };
}
