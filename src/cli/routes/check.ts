import { buildRouteMap } from '@stricli/core';
import { defineCommand, nameArgument } from '../command.ts';
import type { RigContext } from '../command.ts';

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

const text = { kind: 'parsed', parse: String, optional: true } as const;
const hostFlags = {
  gpu: {
    ...text,
    variadic: true,
    placeholder: 'NAME',
    brief: 'A GPU by name, such as "RTX 5090"; may be repeated',
  },
  computeCapability: {
    ...text,
    variadic: true,
    placeholder: 'CC',
    brief: 'A compute capability, such as 12.0',
  },
  driver: { ...text, placeholder: 'VERSION', brief: 'NVIDIA driver, such as 570.86' },
  glibc: { ...text, placeholder: 'VERSION', brief: 'glibc, such as 2.31' },
  platform: { ...text, placeholder: 'OS/ARCH', brief: 'linux/amd64 or linux/arm64' },
} as const;
const solveFlags = {
  ...hostFlags,
  torch: {
    ...text,
    placeholder: 'SPEC',
    brief: 'torch: a prefix (2.7), a version (2.7.1) or a range (">=2.6,<2.8")',
  },
  cuda: { ...text, placeholder: 'VERSION', brief: 'auto, cpu or a CUDA version (12.6)' },
  python: { ...text, placeholder: 'VERSION', brief: 'Python, such as 3.11' },
  variants: {
    ...text,
    placeholder: 'all|served',
    brief: 'Every published variant (default), or those that the package source here serves',
  },
} as const;

const solve = defineCommand<SolveFlags, []>({
  brief: 'The best torch set for a machine, with reasons',
  flags: solveFlags,
  load: () => import('../commands/compatSolve.ts'),
});
const list = defineCommand<object, []>({
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
    markdown: {
      kind: 'boolean',
      optional: true,
      withNegated: false,
      brief: 'The whole matrix as a Markdown page',
    },
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
    from: { ...text, placeholder: 'FILE|URL', brief: 'Where the tables are' },
    revert: { kind: 'boolean', optional: true, withNegated: false, brief: 'Go back to the built-in tables' },
  },
  load: () => import('../commands/compatUpdate.ts'),
});
const compat = buildRouteMap<'row' | 'solve' | 'list' | 'learn' | 'verify' | 'update', RigContext>({
  routes: { row, solve, list, learn, verify: verifyTables, update },
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
    bundle: { ...text, placeholder: 'FILE', brief: 'Write a redacted archive to attach to a bug report' },
    fix: {
      kind: 'boolean',
      optional: true,
      withNegated: false,
      brief: 'Mend what is safe to mend, after asking',
    },
    hostOnly: {
      kind: 'boolean',
      optional: true,
      withNegated: false,
      brief: 'No probes inside the environment',
    },
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
