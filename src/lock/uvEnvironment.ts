import type { PythonSources } from '../sources/index.ts';

// What a user may set for uv beyond the sources: speed, time limits, trust. Everything else that begins with UV_ could change
// what is resolved without showing in torchrig.yaml, so it is not passed on.
const PASSED =
  /^UV_(CACHE_DIR|CONCURRENT_\w+|HTTP_\w+|REQUEST_TIMEOUT|KEYRING_PROVIDER|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST|SSL_\w+|EXCLUDE_NEWER|OFFLINE)$/;

/**
 * The environment that makes uv use the machine's package sources; addresses go this way because a process list shows arguments.
 * With pip's settings all indexes are looked at together, as pip does; otherwise the first index that knows a project is the
 * only one asked for it, as uv does.
 */
export function uvEnvironment(
  sources: PythonSources,
  options: { env: NodeJS.ProcessEnv; cacheDir: string },
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(options.env))
    if (!name.startsWith('UV_') || PASSED.test(name)) env[name] = value;
  env['UV_CACHE_DIR'] ??= options.cacheDir;
  env['UV_NO_CONFIG'] = '1';
  env['UV_NO_PROGRESS'] = '1';
  env['UV_PYTHON_DOWNLOADS'] = 'never';
  const indexes = [sources.indexUrl, ...sources.extraIndexUrls].filter((url) => url !== undefined);
  if (indexes.length === 0) env['UV_NO_INDEX'] = '1';
  else if (sources.origin === 'TORCHRIG_PYTHON_INDEX') {
    // uv looks at its default index last, ours are meant in the order written
    env['UV_DEFAULT_INDEX'] = indexes.at(-1);
    if (indexes.length > 1) env['UV_INDEX'] = indexes.slice(0, -1).join(' ');
  } else {
    if (sources.indexUrl === undefined) env['UV_NO_INDEX'] = '1';
    else env['UV_DEFAULT_INDEX'] = sources.indexUrl;
    if (sources.extraIndexUrls.length > 0) env['UV_INDEX'] = sources.extraIndexUrls.join(' ');
  }
  env['UV_INDEX_STRATEGY'] =
    options.env['UV_INDEX_STRATEGY'] ?? (sources.origin === 'pip' ? 'unsafe-best-match' : 'first-index');
  if (sources.findLinks.length > 0) env['UV_FIND_LINKS'] = sources.findLinks.join(',');
  if (sources.cert !== undefined) env['SSL_CERT_FILE'] = sources.cert;
  if (sources.trustedHosts.length > 0) env['UV_INSECURE_HOST'] = sources.trustedHosts.join(' ');
  if (sources.proxy !== undefined)
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) env[name] = sources.proxy;
  return env;
}
