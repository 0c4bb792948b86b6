import { RigError } from '../../kernel/index.ts';
import { readToken } from '../../workspace/index.ts';
import type { Call } from '../outcome.ts';
import { engineFor, layoutOf, nameOf, tokenPath } from './environment.ts';

export interface JupyterAddress {
  name: string;
  /** Without the token. */
  url: string;
  token: string;
}

/** Of a running environment. Throws RIG-CLI-005 when there is no Jupyter to speak to. */
export async function jupyterAddress(
  call: Pick<Call, 'env' | 'cwd'>,
  typed: string | undefined,
): Promise<JupyterAddress> {
  const name = await nameOf(call, typed);
  const status = await engineFor(call).engine.status(name);
  const port = status.ports['jupyter'];
  const token = await readToken(tokenPath(layoutOf(call), name));
  if (status.state !== 'running' || port === undefined || token === undefined) {
    const why =
      status.state === 'running'
        ? 'it runs without Jupyter'
        : status.state === 'missing'
          ? 'there is no such environment'
          : 'it is not running';
    throw new RigError('RIG-CLI-005', `${name} has no Jupyter to open`, {
      why,
      hint: `rig up ${typed ?? ''}`.trim(),
    });
  }
  return { name, url: `http://127.0.0.1:${port}/lab`, token };
}
