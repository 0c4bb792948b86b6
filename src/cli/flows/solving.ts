import { servedVariants, solve } from '../../compat/index.ts';
import type { SolveRequest, SolveResult } from '../../compat/index.ts';
import { EXIT, RigError } from '../../kernel/index.ts';
import type { Call } from '../outcome.ts';
import type { Machine } from './machine.ts';
import { pythonSide } from './sources.ts';

export interface Solving {
  request: SolveRequest;
  /** `all` or `served`. */
  variants: string;
}

/** Solves for a machine; with `served` only what the package source here really has counts. */
export async function solveWith(
  call: Pick<Call, 'env'>,
  { host, tables }: Machine,
  { request, variants }: Solving,
): Promise<SolveResult> {
  if (variants === 'all') return solve(request, host, tables);
  if (variants !== 'served') {
    throw new RigError('RIG-CLI-002', `--variants ${variants} is not known`, {
      hint: '--variants all or --variants served',
      exitCode: EXIT.usage,
    });
  }
  const side = await pythonSide(call);
  try {
    const wheels = await side.index.servedWheels('torch');
    const { served } = servedVariants(new Set(wheels.map(({ version }) => version)), host.platform, tables);
    return solve(request, host, tables, { served });
  } finally {
    await side.http.close();
  }
}
