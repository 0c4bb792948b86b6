import type { PlacedFile } from '../../engine/index.ts';
import { APT_SOURCES_PATH, aptSources } from '../../layers/index.ts';
import { debianSources } from '../../sources/index.ts';
import type { Call } from '../outcome.ts';

/** apt's sources inside, from this machine's own settings; nothing when it has none: apt then says so itself. */
export async function aptFile(call: Pick<Call, 'env'>, codename = 'bookworm'): Promise<PlacedFile[]> {
  const sources = await debianSources(call.env).catch(() => undefined);
  const [debian] = sources?.mirrors.debian ?? [];
  const [security] = sources?.mirrors['debian-security'] ?? [];
  const mirrors = [
    ...(debian ? [{ uri: debian, suites: [codename, `${codename}-updates`] }] : []),
    ...(security ? [{ uri: security, suites: [`${codename}-security`] }] : []),
  ];
  return mirrors.length === 0 ? [] : [{ path: `/${APT_SOURCES_PATH}`, content: aptSources(mirrors) }];
}
