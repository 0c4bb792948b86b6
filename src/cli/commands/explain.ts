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
    text: found.length === 0 ? nothing(what) : found.map((each) => render(each, call)).join('\n\n'),
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

/** That no problem is recognised does not mean that there is none. */
function nothing(what: string | undefined): string {
  const where = what === undefined || what === '-' ? 'what was piped in' : what;
  return `no known problem is recognised in ${where}; the last line with "Error" mostly says what happened, and rig doctor looks at this machine`;
}

function unknown(message: string): RigError {
  return new RigError('RIG-CLI-002', message, {
    hint: 'rig explain RIG-LOCK-003, rig explain train.log, or: python train.py 2>&1 | rig explain -',
    exitCode: EXIT.usage,
  });
}

function render(each: Explanation, { colors }: Pick<Call, 'colors'>): string {
  // Who asks for an id knows what it is; in a text it is recognised, more or less surely.
  const known = each.seen ? `${each.id}, ${each.confidence} confidence` : each.id;
  const lines = [`${colors.bold(each.title)} ${colors.dim(`(${known})`)}`];
  if (each.seen) {
    const often = each.seen.count > 1 ? `, ${each.seen.count} times` : '';
    lines.push(colors.dim(`  line ${each.seen.line}${often}: ${each.seen.text.trim().slice(0, 160)}`));
  }
  if (each.cause) lines.push(`  ${each.cause}`);
  if (each.remedy) lines.push(`  ${colors.cyan('remedy')}: ${each.remedy.replaceAll('\n', '\n    ')}`);
  if (each.source.length > 0) lines.push(colors.dim(`  ${each.source.join('  ')}`));
  return lines.join('\n');
}
