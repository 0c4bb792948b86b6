import type { HostFacts } from '../host/index.ts';
import { errnoOf, messageOf, run } from '../kernel/index.ts';
import type { Finding } from './finding.ts';

/** A remedy that rig may carry out itself: one command that takes nothing away and can be undone. */
export interface Fix {
  finding: string;
  command: readonly [string, ...string[]];
  /** What it does, one line. */
  does: string;
}

const CDI = ['nvidia-ctk', 'cdi', 'generate', '--output=/etc/cdi/nvidia.yaml'] as const;

/** Finding id -> what mends it. All need root; everything else is left to the person. */
function fixFor(id: string, host: HostFacts): Fix[] {
  switch (id) {
    case 'shm-small':
      if (host.container.kind !== null) return [];
      return [
        {
          finding: id,
          command: ['mount', '-o', 'remount,size=50%', '/dev/shm'],
          does: 'gives /dev/shm half of the memory until the next restart',
        },
      ];
    case 'cdi-missing':
    case 'cdi-stale':
      if (host.toolkit.version === null) return [];
      return [{ finding: id, command: CDI, does: 'writes the CDI file of the driver that is loaded' }];
    case 'driver-not-loaded':
      return [{ finding: id, command: ['modprobe', 'nvidia'], does: 'loads the NVIDIA module' }];
    case 'gpu-prohibited':
      return host.gpus
        .filter((gpu) => /prohibited/i.test(gpu.computeMode ?? ''))
        .map((gpu) => ({
          finding: id,
          command: ['nvidia-smi', '-i', String(gpu.index), '-c', 'DEFAULT'],
          does: `lets GPU ${gpu.index} compute again`,
        }));
    default:
      return [];
  }
}

/** What `rig doctor --fix` may do about these findings. Pure. */
export function safeFixes(findings: readonly Finding[], host: HostFacts): Fix[] {
  return [...new Set(findings.map(({ id }) => id))].flatMap((id) => fixFor(id, host));
}

export interface FixResult extends Fix {
  state: 'done' | 'failed' | 'needs-root';
  message: string;
}

/** Carries them out as root; without root it only says what would be done. Never throws. */
export async function applyFixes(fixes: readonly Fix[], host: HostFacts): Promise<FixResult[]> {
  const results: FixResult[] = [];
  for (const fix of fixes) {
    const [program, ...args] = fix.command;
    if (host.system.uid !== 0) {
      results.push({ ...fix, state: 'needs-root', message: `sudo ${fix.command.join(' ')}` });
      continue;
    }
    try {
      const { code, stdout, stderr } = await run(program, args, { timeout: 60_000 });
      const message = (stderr || stdout).trim().slice(0, 300);
      results.push({ ...fix, state: code === 0 ? 'done' : 'failed', message });
    } catch (error) {
      // EACCES, too, is what a search of PATH ends with where one of its folders is closed to this user.
      const isMissing = ['ENOENT', 'EACCES'].includes(errnoOf(error) ?? '');
      const message = isMissing ? `${program} is not installed` : messageOf(error);
      results.push({ ...fix, state: 'failed', message });
    }
  }
  return results;
}
