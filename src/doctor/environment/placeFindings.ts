import { type Finding, finding } from '../finding.ts';
import { memoryFinding } from '../memoryFinding.ts';
import { killedSteps } from '../verificationReport.ts';
import { Folder, Memory, SharedMemory, Tools, factsOf } from './probeReport.ts';
import type { ProbeReport } from './probeReport.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** `outside`: the limit that a cgroup sets, which the environment itself does not see. */
function memory(report: ProbeReport, outside: number | null): Finding[] {
  const facts = factsOf(report.steps['memory'], Memory);
  if (!facts) return [];
  const limits = [facts.limit, outside].filter((limit) => limit !== null);
  const found = memoryFinding({
    total: facts.total,
    limit: limits.length > 0 ? Math.min(...limits) : null,
    killed: killedSteps(report.steps),
  });
  if (facts.addressSpace !== null) {
    found.push(
      finding('address-space', 'fail', {
        title: 'the address space is limited: CUDA and torch reserve more than they use',
        evidence: `RLIMIT_AS ${facts.addressSpace} bytes`,
        remedy: 'ulimit -v unlimited, then: rig down && rig up',
      }),
    );
  }
  return found;
}

function shm(report: ProbeReport): Finding[] {
  const facts = factsOf(report.steps['shm'], SharedMemory);
  if (!facts || facts.total >= GIB) return [];
  return [
    finding('shm-small', facts.total < 64 * MIB ? 'fail' : 'warn', {
      title: `/dev/shm of the environment has ${(facts.total / MIB).toFixed(0)} MiB: DataLoader workers and NCCL need more`,
      evidence: `${facts.total} bytes`,
      remedy: 'shm: 8g in torchrig.yaml (or rig up --shm-size 8g), after rig down',
    }),
  ];
}

function workspace(report: ProbeReport): Finding[] {
  const step = report.steps['workspace'];
  const facts = factsOf(step, Folder);
  if (step && !step.ok) {
    return [
      finding('workspace-unwritable', 'fail', {
        title: 'nothing can be written in the workspace',
        evidence: step.error?.message ?? '',
        remedy:
          'chown or chmod the folder given as `workspace:` in torchrig.yaml, so that you may write there',
      }),
    ];
  }
  if (!facts || facts.free >= 5e9) return [];
  return [
    finding('workspace-full', facts.free < 1e8 ? 'fail' : 'warn', {
      title: `${(facts.free / 1e9).toFixed(1)} GB left in the workspace: a checkpoint may not fit`,
      evidence: facts.path,
      remedy: 'remove old checkpoints, or mount a larger disk',
    }),
  ];
}

function tools(report: ProbeReport): Finding[] {
  const facts = factsOf(report.steps['tools'], Tools);
  if (!facts || !report.steps['libraries']) return [];
  const found: Finding[] = [];
  if (facts.compiler === null || facts.c === null) {
    found.push(
      finding('no-compiler', 'fail', {
        title: 'no C and C++ compiler inside: torch.compile does not work',
        evidence: `${facts.c === null ? 'gcc' : 'g++'} is not found`,
        remedy: 'rig exec -- apt-get install -y g++   (lasting: packages.debian: [g++] in torchrig.yaml)',
      }),
    );
  } else if (!facts.headers) {
    found.push(
      finding('no-python-headers', 'warn', {
        title: 'the headers of Python are missing: torch.compile on a GPU needs them',
        evidence: 'Python.h is not there',
        remedy: 'rig exec -- apt-get install -y python3-dev',
      }),
    );
  }
  const preload = facts.variables['LD_PRELOAD'];
  if (preload) {
    found.push(
      finding('preload', 'info', {
        title: 'LD_PRELOAD is set',
        evidence: preload,
        remedy: 'unset it when something behaves strangely',
      }),
    );
  }
  return found;
}

function shadowed(report: ProbeReport): Finding[] {
  const step = report.steps['shadowed'];
  if (!step || step.ok) return [];
  return [
    finding('module-shadowed', 'warn', {
      title: 'a file of yours hides a module of the same name',
      evidence: step.error?.message ?? '',
      remedy: 'rename it, and remove its __pycache__',
    }),
  ];
}

/** What is wrong with the place that Python runs in. */
export function placeFindings(report: ProbeReport, memoryLimit: number | null): Finding[] {
  const room = memory(report, memoryLimit);
  // A memory limit bounds /dev/shm too: more of the one gives more of the other.
  const shared = room.some(({ severity }) => severity === 'fail') ? [] : shm(report);
  return [...room, ...shared, ...[workspace, tools, shadowed].flatMap((check) => check(report))];
}
