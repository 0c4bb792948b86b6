import { EXIT, prepareHome, RigError } from '../../kernel/index.ts';
import { makeLock, readLock } from '../../lock/index.ts';
import type { Lock, MadeLock, MakeLockOptions, PlanChoice } from '../../lock/index.ts';
import { debianSources, findUv, pythonSources } from '../../sources/index.ts';
import { BASES } from '../../spec/index.ts';
import type { LoadedSpec, Spec } from '../../spec/index.ts';
import { createHttp, openStore } from '../../store/index.ts';
import type { SolveRefusal } from '../../compat/index.ts';
import type { Call } from '../outcome.ts';
import { nearLine } from '../render/solveText.ts';
import { layoutOf } from './environment.ts';
import { thisMachine } from './machine.ts';
import { solveWith } from './solving.ts';

export type LockCall = Pick<Call, 'env' | 'signal' | 'progress' | 'say'>;

export interface LockWish {
  upgrade?: boolean | readonly string[];
  /** Lock what this machine cannot run. */
  force?: boolean;
}

/** What `rig lock` would write for a spec; writes nothing. */
export async function resolveLock(call: LockCall, loaded: LoadedSpec, wish: LockWish): Promise<MadeLock> {
  const previous = await readLock(loaded.lockPath);
  return withLockOptions(call, loaded.spec, { wish, previous }, makeLock);
}

/** Opens what locking needs, and closes it. */
export async function withLockOptions<T>(
  call: LockCall,
  spec: Spec,
  { wish, previous }: { wish: LockWish; previous: Lock | undefined },
  use: (options: MakeLockOptions) => Promise<T>,
): Promise<T> {
  const home = layoutOf(call);
  await prepareHome(home.root);
  const http = createHttp({ env: call.env });
  const store = openStore(home, { http });
  try {
    return await use({
      spec,
      plan: () => choosePlan(call, spec, wish.force === true),
      sources: {
        python: () => pythonSources(call.env, home),
        debian: () => debianSources(call.env),
        uv: async () => (await findUv(call.env, home, { progress: call.progress, signal: call.signal })).path,
      },
      http,
      store,
      home,
      previous,
      env: call.env,
      progress: call.progress,
      signal: call.signal,
      ...(wish.upgrade === undefined ? {} : { upgrade: wish.upgrade }),
    });
  } finally {
    await store.close();
    await http.close();
  }
}

/** The solver's answer for this machine. Refusal is RIG-CLI-010, exit code 3; with `force` a warning where a plan exists at all. */
async function choosePlan(call: LockCall, spec: Spec, force: boolean): Promise<PlanChoice> {
  if (spec.torch === undefined) return { plan: null };
  const machine = await thisMachine(call, BASES[spec.base]?.glibc);
  const request = { torch: spec.torch, cuda: spec.cuda, python: spec.python };
  const result = await solveWith(call, machine, { request, variants: 'served' });
  if (result.ok) {
    for (const { text } of result.warnings) call.progress({ kind: 'note', level: 'warn', text });
    return { plan: result.plan, constraints: result.constraints };
  }
  if (force && result.forced) {
    const { plan, breaks } = result.forced;
    for (const { why } of breaks)
      call.progress({ kind: 'note', level: 'warn', text: `will not work here: ${why}` });
    return { plan };
  }
  throw refusal(result);
}

export function refusal(result: SolveRefusal): RigError {
  const [nearest] = result.nearest;
  return new RigError('RIG-CLI-010', 'this combination does not work on this machine', {
    why: result.reasons.join('\n  '),
    hint: nearest
      ? `${nearLine(nearest)}; rig compat solve shows all, --force goes on`
      : 'rig compat solve shows what was tried',
    exitCode: EXIT.incompatible,
    details: { reasons: result.reasons, rejected: result.rejected, nearest: result.nearest },
  });
}
