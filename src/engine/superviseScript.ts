import type { EnvironmentFolder } from './environmentFolder.ts';
import { MARKER } from './boxIdentity.ts';
import { shellQuote, shellWords } from './shellQuote.ts';

/** The log is cut at this many bytes; one older part is kept. */
export const LOG_LIMIT = 16 * 2 ** 20;

/**
 * The script that outlives the command line: takes the environment's lock for everything inside, runs `launch` (unshare or
 * proot with all its arguments) in the foreground, keeps the log small and notes how it ended. When it is killed the
 * environment lives on; only the exit code is then not known.
 */
export function superviseScript(folder: EnvironmentFolder, launch: string[], sweep = ''): string {
  const q = shellQuote;
  return `# written by rig before every start
umask 077
exec 9>>${q(folder.boxLock)}
flock -w 2 9 || { echo busy >&3; exit 75; }
rotate() {
  exec 3>&- 9>&-
  trap 'kill $sleeper; exit' TERM
  while sleep 10 & sleeper=$!; wait $sleeper && kill -0 $$; do
    size=$(stat -c %s ${q(folder.log)}) || exit
    if [ "$size" -gt ${LOG_LIMIT} ]; then
      cp ${q(folder.log)} ${q(folder.log)}.1
      : >${q(folder.log)}
    fi
  done
}
echo $$ >${q(folder.supervisor)}
rotate &
rotator=$!
${shellWords(launch)}
code=$?
${sweep}# util-linux 2.38 mistakes a first process that was killed by KILL for an error of its own
if [ $code -eq 1 ] && tail -c 200 ${q(folder.log)} | grep -q 'unshare: sigprocmask unblock failed'; then code=137; fi
echo "$code $(date +%s)" >${q(folder.exit)}.new && mv ${q(folder.exit)}.new ${q(folder.exit)}
kill $rotator
`;
}

/**
 * For the end of proot, which takes nothing along when it is killed: what it no longer traces would go on with the host's
 * files instead of the image's.
 */
export function prootSweep(folder: EnvironmentFolder): string {
  return `for left in $(grep -lzxsF -- ${shellQuote(`${MARKER}=${folder.root}`)} /proc/[0-9]*/environ); do
  left=\${left#/proc/}
  kill -KILL "\${left%/environ}" || :
done
`;
}
