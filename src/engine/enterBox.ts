import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { BoxIdentity } from './boxIdentity.ts';
import { confineWords } from './capabilities.ts';
import type { SandboxMode, SpawnRequest } from './engine.ts';
import type { StoredState } from './environmentState.ts';
import { findProgram } from './hostPrograms.ts';
import { nsenterWords } from './idMapping.ts';
import { pretendFilter } from './pretendFilter.ts';
import { enterFilteredWords } from './syscallFilter.ts';
import { IDENTIFIER, shellWords } from './shellQuote.ts';
import { toolWords } from './toolbox.ts';
import type { Toolbox } from './toolbox.ts';

// joins the cgroups and takes the same place in the OOM killer's order, then becomes nsenter: neither is inherited by entering
const JOIN =
  'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 >"$1"; shift; n=$((n-1)); done; echo "$1" >/proc/self/oom_score_adj; shift; exec "$@"';

/** Starts a command in the namespaces of a running init, with the same powers and limits as the main command. */
export function enterBox(state: StoredState, box: BoxIdentity, request: SpawnRequest): ChildProcess {
  const inside = { ...state.env, ...request.env, ...state.proot?.env };
  const words = enterWords(state, box, request);
  const joined = [
    '-c',
    JOIN,
    'rig',
    String(state.cgroups.length),
    ...state.cgroups,
    String(state.oomScore),
    ...words,
  ];
  return spawn('/bin/sh', joined, {
    cwd: '/',
    env: inside,
    stdio: request.stdio ?? 'inherit',
    detached: request.tty !== true,
  });
}

function enterWords(state: StoredState, box: BoxIdentity, request: SpawnRequest): string[] {
  const workdir = request.workdir ?? state.workdir;
  if (state.proot) return [...state.limiters, ...state.proot.words, '-w', workdir, ...request.command];
  const setpriv = findProgram('setpriv') ?? 'setpriv';
  const toolbox: Toolbox = { path: state.toolbox, loader: state.loader ?? undefined, programs: new Set() };
  return [
    setpriv,
    '--pdeathsig',
    'KILL',
    ...state.limiters,
    ...entering(state, box),
    ...toolWords(toolbox, 'setpriv'),
    '--pdeathsig',
    'KILL',
    ...confineWords(),
    '--',
    ...toolWords(toolbox, 'env'),
    '-C',
    workdir,
    ...oddNames({ ...state.env, ...request.env }),
    ...commandWords(toolbox, request),
  ];
}

function entering(state: StoredState, box: BoxIdentity): string[] {
  const filter = state.mode === 'single' && state.python ? pretendFilter() : undefined;
  if (filter && state.python) return enterFilteredWords(state.python, filter, box.pid);
  return nsenterWords(
    findProgram('nsenter') ?? 'nsenter',
    state.mode as Exclude<SandboxMode, 'proot'>,
    box.pid,
  );
}

/** A shell stands between, and drops names that it cannot hold itself, like A.B. */
function oddNames(env: Record<string, string>): string[] {
  return Object.entries(env)
    .filter(([key]) => !IDENTIFIER.test(key))
    .map(([key, value]) => `${key}=${value}`);
}

/**
 * With a terminal, script(1) gives the command one of its own inside and keeps both of one size. A fourth stream gets a copy
 * of what is written on it.
 */
function commandWords(toolbox: Toolbox, { command, tty, stdio }: SpawnRequest): string[] {
  if (!tty) return command;
  const isHeard = Array.isArray(stdio) && stdio.length > 3;
  const words = `exec ${shellWords(command)}${isHeard ? ' 3>&-' : ''}`;
  return [...toolWords(toolbox, 'script'), '-qefc', words, isHeard ? '/dev/fd/3' : '/dev/null'];
}
