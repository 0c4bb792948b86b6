import type { CompatTables, Plan } from '../compat/index.ts';
import { type HostFacts, gatherHostFacts, localReader, memoryLimit, recordingReader } from '../host/index.ts';
import type { HomeLayout } from '../kernel/index.ts';
import { probeEnvironment } from './environment/probeEnvironment.ts';
import { type Finding, type Verdict, finding, orderFindings, verdictOf } from './finding.ts';
import { hostFindings, summaryOf } from './host/hostFindings.ts';
import { messageOf } from '../kernel/index.ts';
import { sourceFindings } from './sourceFindings.ts';
import type { ExecInside } from './verify.ts';

export interface DoctorOptions {
  layout: HomeLayout;
  env?: NodeJS.ProcessEnv;
  tables?: CompatTables;
  /** Plan of the lock at hand: does it run here? */
  plan?: Plan | null;
  /** A running environment to probe inside. `pid`: its first process as this machine sees it; its memory limit is read there. */
  environment?: { name: string; exec: ExecInside; torch: boolean; pid?: number | undefined };
  /** What is wrong with the files of the folder. */
  files?: readonly Finding[];
  /** False leaves the package source unasked (offline). */
  sources?: boolean;
}

/** The contract's `rig doctor --json`, and a summary line for people. */
export interface DoctorReport {
  verdict: Verdict;
  summary: string;
  findings: Finding[];
  host: HostFacts;
  /** What the probes inside said, or null without an environment. */
  environment: { name: string; report: unknown } | null;
}

async function probeInside(
  environment: NonNullable<DoctorOptions['environment']>,
  { tables, host }: { tables: CompatTables | undefined; host: Promise<HostFacts> },
): Promise<{ findings: Finding[]; report: unknown }> {
  const { exec, torch, pid } = environment;
  try {
    return await probeEnvironment({
      exec,
      torch,
      host,
      memoryLimit: pid === undefined ? null : await memoryLimit(localReader(), pid),
      ...(tables && { tables }),
    });
  } catch (error) {
    const broken = finding('environment-broken', 'fail', {
      title: `nothing can be run inside ${environment.name}`,
      evidence: messageOf(error),
      remedy: `rig down ${environment.name} --purge && rig up ${environment.name}   (/workspace is kept)`,
    });
    return { findings: [broken], report: null };
  }
}

/**
 * Looks at the machine, the package source and, where one runs, the environment, side by side.
 * Host part about 0.3 s; the environment's probes about 9 s. Never throws for what it finds.
 */
export async function runDoctor(
  options: DoctorOptions,
): Promise<{ report: DoctorReport; recording: () => unknown }> {
  const env = options.env ?? process.env;
  const { reader, machine } = recordingReader(localReader(env));
  const { tables, plan } = options;
  const gathering = gatherHostFacts({ reader, home: options.layout.root });
  const [host, source, inside] = await Promise.all([
    gathering,
    options.sources === false ? [] : sourceFindings(env, options.layout),
    options.environment ? probeInside(options.environment, { tables, host: gathering }) : undefined,
  ]);
  const findings = orderFindings([
    ...(options.files ?? []),
    ...hostFindings(host, { tables, plan }),
    ...(inside?.findings ?? []),
    ...source,
  ]);
  return {
    report: {
      verdict: verdictOf(findings),
      summary: summaryOf(findings, host),
      findings,
      host,
      environment:
        options.environment && inside ? { name: options.environment.name, report: inside.report } : null,
    },
    recording: machine,
  };
}
