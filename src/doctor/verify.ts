import { RigError } from '../kernel/index.ts';
import type { Lock } from '../lock/index.ts';
import type { HostFacts } from '../host/index.ts';
import { explainText } from './explain/explainText.ts';
import { judgeVerification } from './judgeVerification.ts';
import { isHopeless } from './memoryFinding.ts';
import { probeScript } from './probeScript.ts';
import {
  type Verification,
  type VerificationLimits,
  VERIFICATION_LIMITS,
  verificationRequest,
} from './verification.ts';

/** Runs a program inside the environment with `input` on its standard input. `timeout` in milliseconds. */
export type ExecInside = (
  command: readonly string[],
  options: { input: string; timeout: number },
) => Promise<{ code: number | null; stdout: string; stderr: string; timedOut?: boolean }>;

export interface VerifyOptions {
  exec: ExecInside;
  lock: Lock;
  /** The interpreter inside, `python`. */
  python?: string;
  /** How many GPUs the environment was given. */
  gpus?: number;
  /** Makes remedies fit this machine. */
  host?: HostFacts;
  /** Bytes that a cgroup allows it, or null without a limit. */
  memoryLimit?: number | null;
  limits?: VerificationLimits;
}

/** The JSON document in a probe's output. Throws RIG-DOCTOR-003 with the last words where there is none. */
export function parseProbeOutput(result: Awaited<ReturnType<ExecInside>>, what: string): unknown {
  const start = result.stdout.lastIndexOf('\n{') + 1;
  try {
    return JSON.parse(result.stdout.slice(start));
  } catch {
    const words = result.stderr.trim().split('\n').slice(-3).join(' / ') || result.stdout.trim().slice(-300);
    throw new RigError('RIG-DOCTOR-003', `${what} did not run to its end inside the environment`, {
      why: result.timedOut ? 'it took too long' : `Python ended with code ${result.code ?? 'none'}: ${words}`,
      hint: explainText(result.stderr)[0]?.remedy ?? 'rig doctor',
    });
  }
}

/** Verifies a running environment by real work (issue "rig up", part 8). About 12 s warm on two cores for the v2.7 set. */
export async function verifyEnvironment(options: VerifyOptions): Promise<Verification> {
  const limits = options.limits ?? VERIFICATION_LIMITS;
  const { gpus, host, memoryLimit = null } = options;
  const request = verificationRequest(options.lock, limits);
  const input = await probeScript(
    'verify',
    options.lock.plan !== null && isHopeless(memoryLimit)
      ? { ...request, packages: {}, torch: false }
      : request,
  );
  const result = await options.exec([options.python ?? 'python', '-'], {
    input,
    timeout: (limits.total + 30) * 1000,
  });
  const raw = parseProbeOutput(result, 'the verification');
  return judgeVerification(raw, options.lock, {
    memoryLimit,
    ...(gpus === undefined ? {} : { gpus }),
    ...(host && { host }),
  });
}
