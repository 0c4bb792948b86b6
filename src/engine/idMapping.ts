import { run } from '../kernel/index.ts';
import type { SandboxMode } from './engine.ts';
import { findProgram } from './hostPrograms.ts';
import { callingUser, subordinateRange } from './subordinateIds.ts';

type NamespaceMode = Exclude<SandboxMode, 'proot'>;

/** Namespaces of an environment beside the user namespace; the network is the host's. */
const NAMESPACES = ['--mount', '--pid', '--fork', '--uts', '--ipc', '--kill-child=KILL', '--'];

/** Words that put a command as first process into new namespaces. */
export async function unshareWords(
  mode: NamespaceMode,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  return [...(await userNamespaceWords(mode, env)), ...NAMESPACES];
}

/** Words that run a command with the identities of `mode`, with nothing else unshared unless options follow. */
export async function userNamespaceWords(
  mode: NamespaceMode,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  const unshare = findProgram('unshare', env) ?? 'unshare';
  if (mode === 'root') return [unshare];
  if (mode === 'single') return [unshare, '--map-root-user'];
  return (await knowsMapAuto(unshare)) ? [unshare, '--map-root-user', '--map-auto'] : byHand(unshare, env);
}

/** util-linux 2.38 and later. */
async function knowsMapAuto(unshare: string): Promise<boolean> {
  return (await run(unshare, ['--help'], { env: { LC_ALL: 'C' } })).stdout.includes('--map-auto');
}

// the child waits in its new user namespace until the set-uid helpers have written its mapping
const MAP_BY_HAND = `unshare=$1 ids=$2 gids=$3; shift 3
dir=$(mktemp -d) && mkfifo "$dir/go" || exit 1
"$unshare" --user sh -c 'read -r _ <"$0"; exec "$@"' "$dir/go" env --default-signal=INT,QUIT "$unshare" "$@" &
child=$!
n=0
until newuidmap $child $ids 2>"$dir/why"; do n=$((n+1)); [ $n -lt 50 ] || { cat "$dir/why" >&2; kill -9 $child; rm -r "$dir"; exit 1; }; sleep 0.01; done
newgidmap $child $gids || { kill -9 $child; rm -r "$dir"; exit 1; }
echo >"$dir/go"
rm -r "$dir"
wait $child`;

/** What --map-auto does, for util-linux before 2.38. */
async function byHand(unshare: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const user = callingUser();
  const uids = await subordinateRange('/etc/subuid', user);
  const gids = await subordinateRange('/etc/subgid', user);
  const map = (own: number, range: typeof uids): string =>
    range ? `0 ${own} 1 1 ${range.start} ${range.count}` : `0 ${own} 1`;
  const shell = findProgram('sh', env) ?? '/bin/sh';
  return [shell, '-c', MAP_BY_HAND, 'rig', unshare, map(user.uid, uids), map(user.gid, gids)];
}

/** Words that put a command into the namespaces of a running init (sandbox.md, section 5). */
export function nsenterWords(nsenter: string, mode: NamespaceMode, pid: number): string[] {
  const user = mode === 'root' ? [] : ['--user', '--preserve-credentials'];
  return [nsenter, '--target', String(pid), ...user, '--mount', '--uts', '--ipc', '--pid', '--'];
}
