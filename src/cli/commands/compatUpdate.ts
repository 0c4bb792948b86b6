import { resolve } from 'node:path';
import { revertTables, updateTables } from '../../compat/index.ts';
import { EXIT, RigError } from '../../kernel/index.ts';
import { createHttp, redactUrl } from '../../store/index.ts';
import { layoutOf } from '../flows/environment.ts';
import type { Call, Handler } from '../outcome.ts';
import type { UpdateFlags } from '../routes/check.ts';

export const handler: Handler<UpdateFlags, []> = async (call, flags) => {
  const home = layoutOf(call);
  if (flags.revert && flags.from) {
    throw new RigError('RIG-CLI-002', '--from and --revert together mean nothing', {
      hint: 'rig compat update --revert, or --from FILE',
      exitCode: EXIT.usage,
    });
  }
  if (flags.revert) {
    const { tables, origin } = await revertTables(home);
    return {
      data: { date: tables.date, origin },
      text: `in use now: the ${origin === 'builtin' ? 'built-in' : 'updated'} tables of ${tables.date}`,
    };
  }
  if (!flags.from) {
    throw new RigError('RIG-CLI-002', 'where are the new tables?', {
      hint: 'rig compat update --from FILE, --from https://..., or --revert',
      exitCode: EXIT.usage,
    });
  }
  const from = /^https?:/.test(flags.from) ? await fetched(call, flags.from) : resolve(call.cwd, flags.from);
  const result = await updateTables({ from, home });
  const added = result.added.length > 0 ? `, new: ${result.added.join(', ')}` : '';
  return {
    data: result,
    text: `tables of ${result.date} instead of ${result.before}${added}; rig compat update --revert goes back`,
  };
};

async function fetched(call: Pick<Call, 'env' | 'signal'>, url: string): Promise<Uint8Array> {
  const http = createHttp({ env: call.env });
  try {
    const { status, body } = await http.fetch({ url }, { signal: call.signal });
    if (status === 200) return body;
    throw new RigError('RIG-CLI-006', `${redactUrl(url)} answered ${status}`, { exitCode: EXIT.source });
  } finally {
    await http.close();
  }
}
