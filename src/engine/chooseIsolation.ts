import { RigError, isRigError, messageOf } from '../kernel/index.ts';
import type { SandboxMode } from './engine.ts';
import { probeNamespaces } from './probeSandbox.ts';
import type { Isolation } from './prepareStart.ts';
import { obtainProot } from './prootTool.ts';
import type { ProotContext } from './prootTool.ts';
import { ensureToolbox } from './toolbox.ts';

/** The way that an environment was made with, or for a new one the best that works here. */
export async function chooseIsolation(
  earlier: SandboxMode | undefined,
  context: ProotContext,
): Promise<Isolation> {
  const { layout, env } = context;
  if (earlier && earlier !== 'proot')
    return { mode: earlier, toolbox: await ensureToolbox(layout.tools, env) };
  const { mode, reason, hints } = await probeNamespaces(layout.tmp, env);
  if (earlier === undefined && mode) return { mode, toolbox: await ensureToolbox(layout.tools, env) };
  const why = mode ? 'it was made without namespaces' : reason;
  try {
    return { mode: 'proot', tool: await obtainProot(context), reason: why };
  } catch (error) {
    const own = isRigError(error) ? error : undefined;
    const ways = [...(own?.hint ? [own.hint] : []), ...hints];
    throw new RigError('RIG-ENGINE-006', 'no environment can be isolated on this machine', {
      why: `${why}; proot, the way without namespaces, cannot be had: ${messageOf(error)}${own?.why ? ` (${own.why})` : ''}`,
      hint: ways.join('; or ') || 'run rig as root',
      ...(own && { exitCode: own.exitCode }),
      cause: error,
    });
  }
}
