import type { Plan } from '../compat/index.ts';
import type { Lock } from '../lock/index.ts';
import { type Finding, finding } from './finding.ts';
import type { VerificationReport } from './verificationReport.ts';

const REBUILD = 'rig down --purge && rig up   (makes the environment anew from the lock; /workspace is kept)';

/** `9.5.1` agrees with the plan's `9.5.1.17`, `12.6` with `12.6.3`: what a library reports is a prefix of what is locked. */
function agrees(found: string, locked: string): boolean {
  return found === locked || locked.startsWith(`${found}.`);
}

function torchVersion(found: string, plan: Plan): boolean {
  const [version, local] = found.split('+');
  return version === plan.torch && (local === undefined || local === plan.variant);
}

/** Compares what runs with what the lock's plan says. */
export function judgeVersions(report: VerificationReport, lock: Lock): Finding[] {
  const plan = lock.plan;
  const python = report.interpreter.python.split('.').slice(0, 2).join('.');
  const wanted = plan?.python ?? lock.asked.python;
  const wrong: string[] = python === wanted ? [] : [`Python ${report.interpreter.python}, locked ${wanted}`];
  const torch = report.steps.torch;
  if (plan && torch?.ok) {
    if (!torchVersion(torch.torch ?? '', plan)) {
      wrong.push(`torch ${torch.torch ?? 'none'}, locked ${plan.torch}+${plan.variant}`);
    }
    for (const [name, found, locked] of [
      ['CUDA', torch.cuda, plan.cuda],
      ['cuDNN', torch.cudnn, plan.cudnn],
      ['NCCL', torch.nccl, plan.nccl],
      ['Triton', torch.triton, plan.triton],
    ] as const) {
      if (locked === null ? name === 'CUDA' && found : !found || !agrees(found, locked)) {
        wrong.push(`${name} ${found ?? 'none'}, locked ${locked ?? 'none'}`);
      }
    }
  }
  if (wrong.length === 0) return [];
  return [
    finding('versions-differ', 'fail', {
      title: 'the environment does not run the versions of its lock',
      evidence: wrong.join('; '),
      remedy: REBUILD,
    }),
  ];
}

/** Packages that were changed inside the environment after it was made: allowed, but no longer what the lock says. */
export function judgePackages(report: VerificationReport, lock: Lock): Finding[] {
  const drifted = lock.python.flatMap(({ name, version }) => {
    const found = report.imports[name]?.version;
    return found === undefined || found === version ? [] : [`${name} ${found} (locked ${version})`];
  });
  if (drifted.length === 0) return [];
  return [
    finding('packages-drifted', 'warn', {
      title: `${drifted.length} ${drifted.length === 1 ? 'package differs' : 'packages differ'} from the lock`,
      evidence: drifted.join(', '),
      remedy: `write them into torchrig.yaml and run \`rig lock\`, or return to the lock: ${REBUILD}`,
    }),
  ];
}
