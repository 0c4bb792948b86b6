import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A first process in plain shell for images without tini: reaps whatever is orphaned (every wait of a shell collects all
 * children), passes signals on, and ends as its command did.
 */
const SHELL_INIT = `"$@" & c=$!
for s in HUP INT QUIT TERM USR1 USR2; do trap "kill -$s $c 2>/dev/null" $s; done
while :; do wait $c; r=$?; kill -0 $c 2>/dev/null || exit $r; done`;

/**
 * The words before a command that make it the child of an init. `lower` is the root folder of the image, `env` runs env(1):
 * a shell starts what is in its background with SIGINT ignored, which Python would take for a wish.
 */
export async function initWords(lower: string, env: string[]): Promise<string[]> {
  for (const path of ['/usr/bin/tini', '/usr/sbin/tini', '/sbin/tini']) {
    try {
      await access(join(lower, path), constants.X_OK);
      return [path, '--'];
    } catch {
      // the next
    }
  }
  return ['/bin/sh', '-c', SHELL_INIT, 'init', ...env, '--default-signal=INT,QUIT'];
}
