import { EXIT } from '../../kernel/index.ts';
import { machineFor } from '../flows/machine.ts';
import { solveWith } from '../flows/solving.ts';
import type { Handler } from '../outcome.ts';
import { solveText } from '../render/solveText.ts';
import type { SolveFlags } from '../routes/check.ts';

export const handler: Handler<SolveFlags, []> = async (call, flags) => {
  const machine = await machineFor(call, flags);
  const result = await solveWith(call, machine, {
    request: { torch: flags.torch, cuda: flags.cuda, python: flags.python },
    variants: flags.variants ?? 'all',
  });
  return {
    data: result,
    text: solveText(result, call),
    exitCode: result.ok ? EXIT.ok : EXIT.incompatible,
  };
};
