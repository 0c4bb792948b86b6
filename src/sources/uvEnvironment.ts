import { join } from 'node:path';
import type { HomeLayout } from '../kernel/index.ts';
import type { PythonSources } from './pythonSources.ts';

/** uv's variables that name indexes; they must not mix with what we hand over. */
const INDEX_VARIABLES = [
  'UV_DEFAULT_INDEX',
  'UV_INDEX_URL',
  'UV_INDEX',
  'UV_EXTRA_INDEX_URL',
  'UV_FIND_LINKS',
  'UV_NO_INDEX',
  'UV_INDEX_STRATEGY',
];

/**
 * The environment and flags with which uv resolves from `sources`. Addresses travel in the environment, because argv can be seen
 * by everybody. Where uv has settings of its own, they stay as they are. The cache lies in TORCHRIG_HOME unless UV_CACHE_DIR is set.
 */
export function uvEnvironment(
  sources: PythonSources,
  env: NodeJS.ProcessEnv,
  home: HomeLayout,
): { env: NodeJS.ProcessEnv; args: string[] } {
  const out: NodeJS.ProcessEnv = { ...env };
  out['UV_CACHE_DIR'] ??= join(home.cache, 'uv');
  out['UV_NO_PROGRESS'] = '1';
  out['UV_PYTHON_DOWNLOADS'] ??= 'never';
  if (sources.cert) out['SSL_CERT_FILE'] ??= sources.cert;
  if (sources.trustedHosts.length > 0) out['UV_INSECURE_HOST'] ??= sources.trustedHosts.join(' ');
  if (sources.proxy) {
    out['HTTPS_PROXY'] = sources.proxy;
    out['HTTP_PROXY'] = sources.proxy;
  }
  if (sources.origin === 'uv') return { env: out, args: [] };
  for (const name of INDEX_VARIABLES) delete out[name];
  if (sources.origin === 'TORCHRIG_PYTHON_INDEX') out['UV_NO_CONFIG'] = '1';
  if (sources.indexUrl) out['UV_DEFAULT_INDEX'] = sources.indexUrl;
  if (sources.extraIndexUrls.length > 0) out['UV_INDEX'] = sources.extraIndexUrls.join(' ');
  if (sources.findLinks.length > 0) out['UV_FIND_LINKS'] = sources.findLinks.join(',');
  // pip looks at all indexes and takes the best version; uv would stop at the first index that knows the name
  out['UV_INDEX_STRATEGY'] = 'unsafe-best-match';
  return { env: out, args: sources.indexUrl ? [] : ['--no-index'] };
}
