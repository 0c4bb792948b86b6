import type { EnvironmentFolder } from './environmentFolder.ts';
import { shellQuote, shellWords } from './shellQuote.ts';

export interface ProotBoot {
  folder: EnvironmentFolder;
  cgroups: string[];
  oomScore: number;
  env: Record<string, string>;
  /** proot with its binds, the working directory, and the command. */
  words: string[];
}

/** What bootScript is with namespaces: the first process says who it is and becomes proot. */
export function prootScript({ folder, cgroups, oomScore, env, words }: ProotBoot): string {
  const q = shellQuote;
  return [
    '# written by rig before every start',
    'set -eu',
    'umask 022',
    'read -r stat </proc/self/stat',
    'read -r boot </proc/sys/kernel/random/boot_id',
    `printf '%s\\n%s\\n%s\\n' "$stat" ${q(`proot:${folder.root}`)} "$boot" >${q(folder.box)}.new`,
    `mv ${q(folder.box)}.new ${q(folder.box)}`,
    ...cgroups.map((file) => `echo 0 >${q(file)}`),
    `echo ${oomScore} >/proc/self/oom_score_adj || :`,
    `: >${q(folder.ready)}`,
    '(echo ready >&3) 2>/dev/null || :',
    'exec 3>&-',
    `exec env -i ${shellWords(Object.entries(env).map(([key, value]) => `${key}=${value}`))} ${shellWords(words)}`,
    '',
  ].join('\n');
}
