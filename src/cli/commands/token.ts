import { jupyterAddress } from '../flows/jupyterAddress.ts';
import type { Handler } from '../outcome.ts';

export const handler: Handler<object, [name?: string]> = async (call, _flags, typed) => {
  const { name, url, token } = await jupyterAddress(call, typed);
  return { data: { name, url, token }, text: token };
};
