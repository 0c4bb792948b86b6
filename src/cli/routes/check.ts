import { buildRouteMap } from '@stricli/core';
import { defineCommand, nameArgument } from '../command.ts';
import type { RigContext } from '../command.ts';
import { flag, list, text } from './flags.ts';

/** Which machine `rig compat` speaks of: this one, but for what the flags say. */
export interface HostFlags {
  readonly gpu?: readonly string[];
  readonly computeCapability?: readonly string[];
  readonly driver?: string;
  readonly glibc?: string;
  readonly platform?: string;
}
export interface SolveFlags extends HostFlags {
  readonly torch?: string;
  readonly cuda?: string;
  readonly python?: string;
  readonly variants?: string;
}

const hostFlags = {
  gpu: list('NAME', 'A GPU by name, such as "RTX 5090"; may be repeated'),
  computeCapability: list('CC', 'A compute capability, such as 12.0'),
  driver: text('VERSION', 'NVIDIA driver, such as 570.86'),
  glibc: text('VERSION', 'glibc, such as 2.31'),
  platform: text('OS/ARCH', 'linux/amd64 or linux/arm64'),
} as const;
const solveFlags = {
  ...hostFlags,
  torch: text('SPEC', 'torch: a prefix (2.7), a version (2.7.1) or a range (">=2.6,<2.8")'),
  cuda: text('VERSION', 'auto, cpu or a CUDA version (12.6)'),
  python: text('VERSION', 'Python, such as 3.11'),
  variants: text(
    'all|served',
    'Every published variant (default), or those that the package source here serves',
  ),
} as const;

const solve = defineCommand<SolveFlags, []>({
  brief: 'The best torch set for a machine, with reasons',
  flags: solveFlags,
  load: () => import('../commands/compatSolve.ts'),
});
const listTables = defineCommand<object, []>({
  brief: 'The table of releases',
  flags: {},
  load: () => import('../commands/compatList.ts'),
});
export interface RowFlags extends HostFlags {
  readonly markdown?: boolean;
}
const row = defineCommand<RowFlags, []>({
  brief: "This machine's row: driver -> CUDA -> variants -> torch releases",
  flags: {
    ...hostFlags,
    markdown: flag('The whole matrix as a Markdown page'),
  },
  load: () => import('../commands/compatRow.ts'),
});
const learn = defineCommand<object, [release?: string]>({
  brief: 'Read a release out of the wheels that the package source serves',
  flags: {},
  args: [{ brief: 'torch==X (default: the newest)', placeholder: 'torch==X', parse: String, optional: true }],
  load: () => import('../commands/compatLearn.ts'),
});
const verifyTables = defineCommand<object, []>({
  brief: 'Check every default row of the tables against the served wheels',
  flags: {},
  load: () => import('../commands/compatVerify.ts'),
});
export interface UpdateFlags {
  readonly from?: string;
  readonly revert?: boolean;
}
const update = defineCommand<UpdateFlags, []>({
  brief: 'Take newer tables from a file or an address; --revert goes back',
  flags: {
    from: text('FILE|URL', 'Where the tables are'),
    revert: flag('Go back to the built-in tables'),
  },
  load: () => import('../commands/compatUpdate.ts'),
});
const compat = buildRouteMap<'row' | 'solve' | 'list' | 'learn' | 'verify' | 'update', RigContext>({
  routes: { row, solve, list: listTables, learn, verify: verifyTables, update },
  defaultCommand: 'row',
  docs: { brief: 'Which torch runs here, and why' },
});

export interface DoctorFlags {
  readonly bundle?: string;
  readonly fix?: boolean;
  readonly hostOnly?: boolean;
}
const doctor = defineCommand<DoctorFlags, [name?: string]>({
  brief: 'Find what is wrong with this machine or an environment',
  flags: {
    bundle: text('FILE', 'Write a redacted archive to attach to a bug report'),
    fix: flag('Mend what is safe to mend, after asking'),
    hostOnly: flag('No probes inside the environment'),
  },
  args: [nameArgument],
  load: () => import('../commands/doctor.ts'),
});

const explain = defineCommand<object, [what?: string]>({
  brief: 'What an error means: a code, a file, or - for a pipe',
  flags: {},
  args: [
    { brief: 'RIG-LOCK-003, a log file, or -', placeholder: 'CODE|FILE|-', parse: String, optional: true },
  ],
  load: () => import('../commands/explain.ts'),
});

export const checkRoutes = { doctor, compat, explain };
