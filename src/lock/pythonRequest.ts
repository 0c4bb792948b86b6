import type { PlanChoice } from './makeLock.ts';
import type { MakeLockOptions } from './makeLock.ts';
import { knownBase } from './lockDebian.ts';
import type { Lock, LockedWheel } from './lockfile.ts';
import { splitAsked } from './lockInputs.ts';
import type { LockInputs } from './lockInputs.ts';
import type { PythonRequest } from './resolvePython.ts';
import type { WheelTarget } from './wheelTags.ts';

type Context = Pick<MakeLockOptions, 'spec' | 'sources' | 'http' | 'home' | 'signal'> & {
  inputs: LockInputs;
  platform: Lock['platform'];
  env: NodeJS.ProcessEnv;
  /** Wheels of the lock before, and those of them whose versions are kept. */
  known: readonly LockedWheel[];
  prefer: readonly LockedWheel[];
};

/** The interpreter and platform of an environment. */
export function wheelTarget(
  { spec, platform }: Pick<Context, 'spec' | 'platform'>,
  plan: PlanChoice['plan'],
): WheelTarget {
  return { python: plan?.python ?? spec.python, platform, glibc: knownBase(spec.base).glibc };
}

/** What a spec with its plan asks of the Python resolver. Asks where packages come from. */
export async function pythonRequest(context: Context, choice: PlanChoice): Promise<PythonRequest> {
  const { inputs, http, home, env, signal, known, prefer } = context;
  const lines = splitAsked(inputs.asked.packages.python);
  const [sources, uv] = await Promise.all([context.sources.python(), context.sources.uv()]);
  return {
    wanted: lines.wanted,
    constraints: [...lines.constraints, ...(choice.constraints ?? [])],
    hashes: inputs.hashes,
    plan: choice.plan,
    target: wheelTarget(context, choice.plan),
    known,
    prefer,
    uv,
    sources,
    http,
    home,
    env,
    signal,
  };
}
