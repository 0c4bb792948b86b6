import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { explainId, explainStream } from '../../doctor/index.ts';
import type { Explanation } from '../../doctor/index.ts';
import { gatherHostFacts } from '../../host/index.ts';
import { EXIT, RigError } from '../../kernel/index.ts';
import { CATALOGUE } from '../flows/catalogue.ts';
import { layoutOf } from '../flows/environment.ts';
import type { Call, Handler } from '../outcome.ts';

export const handler: Handler<object, [what?: string]> = async (call, _flags, what) => {
  const host = await gatherHostFacts({ home: layoutOf(call).root });
  const found = await find(what, { host, catalogue: CATALOGUE });
  return {
    data: { explanations: found },
    text:
      found.length === 0
        ? 'nothing known was found in it'
        : found.map((each) => render(each, call)).join('\n\n'),
    exitCode: found.length === 0 ? EXIT.failed : EXIT.ok,
  };
};

async function find(
  what: string | undefined,
  options: Parameters<typeof explainStream>[1],
): Promise<Explanation[]> {
  if (what === '-' || (what === undefined && !process.stdin.isTTY))
    return explainStream(process.stdin, options);
  if (what === undefined) throw unknown('nothing to explain');
  const known = explainId(what, options);
  if (known) return [known];
  const file = await stat(what).catch(() => undefined);
  if (!file?.isFile()) throw unknown(`${what} is neither an error code nor a file`);
  return explainStream(createReadStream(what), options);
}

function unknown(message: string): RigError {
  return new RigError('RIG-CLI-002', message, {
    hint: 'rig explain RIG-LOCK-003, rig explain train.log, or: python train.py 2>&1 | rig explain -',
    exitCode: EXIT.usage,
  });
}

function render(each: Explanation, { colors }: Pick<Call, 'colors'>): string {
  const lines = [`${colors.bold(each.title)} ${colors.dim(`(${each.id}, ${each.confidence} confidence)`)}`];
  if (each.seen) lines.push(colors.dim(`  line ${each.seen.line}: ${each.seen.text.trim().slice(0, 160)}`));
  if (each.cause) lines.push(`  ${each.cause}`);
  lines.push(`  ${colors.cyan('remedy')}: ${each.remedy}`);
  if (each.source.length > 0) lines.push(colors.dim(`  ${each.source.join('  ')}`));
  return lines.join('\n');
}
