import { pythonIndex, pythonSources } from '../../sources/index.ts';
import type { PythonIndex, PythonSources } from '../../sources/index.ts';
import { createHttp } from '../../store/index.ts';
import type { Http } from '../../store/index.ts';
import type { Call } from '../outcome.ts';
import { layoutOf } from './environment.ts';

export interface PythonSide {
  sources: PythonSources;
  http: Http;
  index: PythonIndex;
}

/** The machine's own Python indexes. Close `http` in the end. */
export async function pythonSide(call: Pick<Call, 'env'>): Promise<PythonSide> {
  const sources = await pythonSources(call.env, layoutOf(call));
  const http = createHttp({ env: call.env });
  return { sources, http, index: pythonIndex(sources, http) };
}
