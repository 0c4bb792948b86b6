import * as v from 'valibot';
import { RigError } from '../kernel/index.ts';
import type { Lock } from '../lock/index.ts';
import type { HostFacts } from '../host/index.ts';
import type { Explanation } from './explain/explanation.ts';
import { explainText } from './explain/explainText.ts';
import { type Finding, finding, orderFindings, verdictOf } from './finding.ts';
import { judgePackages, judgeVersions } from './judgeVersions.ts';
import { type Verification, verificationOf } from './verification.ts';
import { isHopeless, memoryFinding } from './memoryFinding.ts';
import {
  type ImportResult,
  type StepError,
  VerificationReport,
  killedSteps,
  wasKilled,
} from './verificationReport.ts';

const REBUILD = 'rig down --purge && rig up';

/** The one line of an error that says most. */
function evidenceOf(error: StepError | undefined): string {
  if (!error) return 'no reason given';
  const first = error.message.split('\n', 1)[0] ?? '';
  const words = error.output ? `; it printed: ${error.output.split('\n').slice(-3).join(' / ')}` : '';
  return `${error.type ? `${error.type}: ` : ''}${first}${words}`;
}

/** A known issue in an error's text knows cause and remedy better than a general sentence does. */
function knownIn(error: StepError | undefined, host: HostFacts | undefined): Explanation | undefined {
  if (!error) return undefined;
  return explainText(
    `${error.message}\n${error.trace ?? ''}\n${error.output ?? ''}`,
    host ? { host } : {},
  )[0];
}

/** The cause after what is wrong, where it is known. */
function titled(title: string, known: Explanation | undefined): string {
  return known ? `${title}: ${known.title}` : title;
}

/** More failed imports than this are told in one finding: they mostly have one cause. */
const SEPARATE = 4;

/** Never ok by silence: a package of the lock without a result counts as failed. */
const NO_RESULT: ImportResult = {
  ok: false,
  ms: 0,
  error: { kind: 'finding', message: 'it left no result' },
};

function judgeImports(report: VerificationReport, lock: Lock, host: HostFacts | undefined): Finding[] {
  const failed = lock.python
    .map(({ name }) => [name, report.imports[name] ?? NO_RESULT] as const)
    .filter(([, result]) => !result.ok && !wasKilled(result));
  const told = failed.slice(0, SEPARATE).map(([name, result]) => {
    const known = knownIn(result.error, host);
    return finding(result.missing ? 'package-missing' : 'import-failed', 'fail', {
      title: titled(result.missing ? `${name} is not installed` : `${name} cannot be imported`, known),
      evidence: evidenceOf(result.error),
      remedy: known?.remedy ?? `${REBUILD}   (if it happens again: rig lock --upgrade ${name})`,
    });
  });
  const rest = failed.slice(SEPARATE).map(([name]) => name);
  if (rest.length === 0) return told;
  const more = finding('import-failed', 'fail', {
    title: `${rest.length} more packages cannot be imported`,
    evidence: rest.join(', '),
    remedy: REBUILD,
  });
  return [...told, more];
}

const STEPS = {
  torch: ['torch-broken', 'torch cannot be used', REBUILD],
  gpus: ['gpu-query-failed', 'the GPUs cannot be asked', 'rig doctor'],
  matmul: ['matmul-wrong', 'a matrix product failed or is wrong', 'rig doctor'],
  compile: ['compile-failed', 'torch.compile does not work', 'rig doctor'],
} as const;

function judgeSteps(report: VerificationReport, torch: boolean, host: HostFacts | undefined): Finding[] {
  if (!torch) return [];
  return Object.entries(STEPS).flatMap(([name, [id, title, remedy]]) => {
    const result = report.steps[name as keyof typeof STEPS];
    // Without torch nothing after it can work.
    if (result?.ok || (name !== 'torch' && report.steps.torch?.ok === false)) return [];
    if (result && wasKilled(result)) return [];
    const known = knownIn(result?.error, host);
    return [
      finding(id, 'fail', {
        title: titled(title, known),
        evidence: result ? evidenceOf(result.error) : 'the step left no result',
        remedy: known?.remedy ?? remedy,
      }),
    ];
  });
}

function judgeGpus(
  report: VerificationReport,
  expected: number | undefined,
  host: HostFacts | undefined,
): Finding[] {
  const gpus = report.steps.gpus;
  const seen = gpus?.gpus?.length ?? 0;
  if (!gpus?.ok || expected === undefined || seen >= expected) return [];
  const why = gpus.why ?? gpus.driver?.why ?? gpus.nvml?.why ?? 'torch gives no reason';
  return [
    finding('gpus-missing', 'fail', {
      title: `torch sees ${seen} of ${expected} GPUs`,
      evidence: why,
      remedy: knownIn({ kind: 'finding', message: why }, host)?.remedy ?? 'rig doctor',
    }),
  ];
}

/** What the kernel killed says one thing together, and nothing of the package or step that it hit. */
function judgeMemory(report: VerificationReport, limit: number | null): Finding[] {
  const imports = killedSteps(report.imports).map((name) => `import of ${name}`);
  const killed = [...new Set([...killedSteps(report.steps), ...imports])];
  const shown = killed.length > SEPARATE ? [...killed.slice(0, SEPARATE), 'and others'] : killed;
  return memoryFinding({ total: null, limit, killed: shown });
}

/**
 * Judges what the verification script printed against the lock. `gpus`: how many the environment was given;
 * `host`: makes remedies fit this machine; `memoryLimit`: bytes that a cgroup allows it; too few for torch are the one finding, for then nothing was tried.
 * Never throws for a broken environment; throws RIG-DOCTOR-002 when `raw` is not a report at all.
 */
export function judgeVerification(
  raw: unknown,
  lock: Lock,
  options: { gpus?: number; memoryLimit?: number | null; host?: HostFacts } = {},
): Verification {
  const parsed = v.safeParse(VerificationReport, raw);
  if (!parsed.success) {
    throw new RigError('RIG-DOCTOR-002', 'the verification gave no readable report', {
      why: v.summarize(parsed.issues).split('\n', 1)[0] ?? '',
      hint: 'rig doctor',
    });
  }
  const report = parsed.output;
  const limit = options.memoryLimit ?? null;
  const tried =
    lock.plan !== null && isHopeless(limit)
      ? []
      : [
          ...judgeSteps(report, lock.plan !== null, options.host),
          ...judgeVersions(report, lock),
          ...judgeGpus(report, options.gpus, options.host),
          ...judgeImports(report, lock, options.host),
          ...judgePackages(report, lock),
        ];
  const findings = orderFindings([...judgeMemory(report, limit), ...tried]);
  return { ok: verdictOf(findings) !== 'fail', ...verificationOf(report, findings) };
}
