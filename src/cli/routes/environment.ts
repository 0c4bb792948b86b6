import { numberParser } from '@stricli/core';
import { defineCommand, nameArgument } from '../command.ts';
import { flag, list, text } from './flags.ts';

export interface UpFlags {
  readonly engine?: string;
  readonly gpus?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly shmSize?: string;
  readonly publish?: readonly string[];
  readonly volume?: readonly string[];
  readonly env?: readonly string[];
  readonly jupyterPort?: string;
  readonly sshPort?: string;
  readonly verify?: boolean;
  readonly force?: boolean;
}
type Name = [name?: string];

const up = defineCommand<UpFlags, Name>({
  brief: 'Build what is missing, start the environment, verify it',
  description:
    'Returns when Jupyter answers and torch has done real work inside. Without a torchrig.yaml the preset v2.7 is meant.\n' +
    'Starting what runs already is harmless.',
  flags: {
    engine: text('ENGINE', 'auto (default) | sandbox'),
    gpus: text('GPUS', 'all | none | 0,1 | GPU-uuid | MIG-uuid'),
    memory: text('SIZE', 'Memory limit, such as 32g'),
    cpus: text('N', 'CPU limit, such as 4 or 1.5'),
    shmSize: text('SIZE', 'Size of /dev/shm, such as 8g'),
    publish: list('H:C', 'Publish a port, HOST:INSIDE'),
    volume: list('S:D[:ro]', 'Mount a folder'),
    env: list('K=V', 'Set an environment variable'),
    jupyterPort: text('PORT', "Jupyter's port (default 8888 or the next free one)"),
    sshPort: text('PORT', "SSH's port"),
    verify: flag('Verify again even when this image was verified on this machine'),
    force: flag('Go on where compatibility says no'),
  },
  aliases: { p: 'publish', v: 'volume', e: 'env' },
  args: [nameArgument],
  load: () => import('../commands/up.ts'),
});

export interface DownFlags {
  readonly purge?: boolean;
}
const down = defineCommand<DownFlags, Name>({
  brief: 'Stop the environment; its files stay',
  flags: {
    purge: flag('Also remove what was installed or changed inside (never the workspace)'),
  },
  args: [nameArgument],
  load: () => import('../commands/down.ts'),
});

const ps = defineCommand<object, []>({
  brief: 'List environments',
  flags: {},
  load: () => import('../commands/ps.ts'),
});

const status = defineCommand<object, Name>({
  brief: 'What one environment is and does',
  flags: {},
  args: [nameArgument],
  load: () => import('../commands/status.ts'),
});

export interface LogsFlags {
  readonly follow?: boolean;
  readonly tail?: number;
}
const logs = defineCommand<LogsFlags, Name>({
  brief: "Print the environment's log",
  flags: {
    follow: flag('Go on as it grows'),
    tail: {
      kind: 'parsed',
      parse: numberParser,
      optional: true,
      placeholder: 'N',
      brief: 'Only the last N lines',
    },
  },
  aliases: { f: 'follow', n: 'tail' },
  args: [nameArgument],
  load: () => import('../commands/logs.ts'),
});

export interface ExecFlags {
  readonly env?: readonly string[];
  readonly workdir?: string;
}
const exec = defineCommand<ExecFlags, Name>({
  brief: 'Run a command inside: rig exec [NAME] -- COMMAND ...',
  description:
    'Passes on standard input, output, the terminal and the exit code. When it fails for a reason that rig knows, cause and remedy\n' +
    'follow on standard error (not with --quiet).',
  flags: {
    env: list('K=V', 'Set an environment variable'),
    workdir: text('DIR', 'Folder inside (default: /workspace)'),
  },
  aliases: { e: 'env', w: 'workdir' },
  args: [nameArgument],
  load: () => import('../commands/exec.ts'),
});

const shell = defineCommand<object, Name>({
  brief: 'A login shell inside',
  flags: {},
  args: [nameArgument],
  load: () => import('../commands/shell.ts'),
});

export interface OpenFlags {
  readonly browser?: boolean;
}
const open = defineCommand<OpenFlags, Name>({
  brief: 'Open Jupyter Lab in the browser, logged in',
  flags: {
    browser: {
      kind: 'boolean',
      optional: true,
      brief: 'Start a browser (default), or only print the address with its token',
    },
  },
  args: [nameArgument],
  load: () => import('../commands/open.ts'),
});

const token = defineCommand<object, Name>({
  brief: "Print the environment's Jupyter token",
  flags: {},
  args: [nameArgument],
  load: () => import('../commands/token.ts'),
});

export const environmentRoutes = { up, down, ps, status, logs, exec, shell, open, token };
