import { buildCommand } from '@stricli/core';
import type { Command, CommandContext, FlagParametersForType } from '@stricli/core';
import type { Call, Handler, Outcome } from './outcome.ts';

/** Flags that every command takes. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean;
  readonly yes?: boolean;
}

export interface RigContext extends CommandContext {
  readonly makeCall: (flags: CommonFlags) => Call;
  readonly finish: (call: Call, outcome: Outcome) => void;
  readonly fail: (error: unknown) => void;
}

const commonFlags: FlagParametersForType<CommonFlags, RigContext> = {
  json: { kind: 'boolean', optional: true, withNegated: false, brief: 'Print one JSON document on stdout' },
  quiet: { kind: 'boolean', optional: true, withNegated: false, brief: 'No progress, no messages' },
  verbose: { kind: 'boolean', optional: true, withNegated: false, brief: 'Say more on stderr' },
  color: { kind: 'boolean', optional: true, brief: 'Colours (default: on a terminal)' },
  yes: { kind: 'boolean', optional: true, withNegated: false, brief: 'Answer yes to every question' },
};

type Flags<F> = FlagParametersForType<F, RigContext>;
type Positional<A extends readonly unknown[]> = {
  [K in keyof A]: {
    brief: string;
    placeholder: string;
    parse: (text: string) => NonNullable<A[K]>;
    optional: undefined extends A[K] ? true : false;
  };
};

export interface CommandDefinition<F, A extends readonly unknown[]> {
  brief: string;
  /** More than one line for `--help`. */
  description?: string;
  flags: Flags<F>;
  aliases?: Partial<Record<string, keyof F & string>>;
  /** A fixed list of arguments ... */
  args?: Positional<A>;
  /** ... or any number of one kind. */
  manyArgs?: { brief: string; placeholder: string };
  load: () => Promise<{ handler: Handler<F, A> }>;
}

/** A command as data: its flags are known without loading the code that runs it. */
export function defineCommand<F extends object, A extends readonly unknown[]>(
  definition: CommandDefinition<F, A>,
): Command<RigContext> {
  const { brief, description, flags, aliases, args, manyArgs, load } = definition;
  const positional = manyArgs
    ? { kind: 'array', parameter: { ...manyArgs, parse: String } }
    : { kind: 'tuple', parameters: args ?? [] };
  // The generics of stricli cannot follow a spread of flags; the pairing of F and flags is checked by CommandDefinition.
  return buildCommand<object, [], RigContext>({
    docs: { brief, ...(description ? { fullDescription: description } : {}) },
    parameters: { flags: { ...flags, ...commonFlags }, aliases: aliases ?? {}, positional } as never,
    async func(this: RigContext, given: CommonFlags, ...values: unknown[]) {
      try {
        const call = this.makeCall(given);
        const { handler } = await load();
        const outcome = await handler(call, given as F, ...(values as unknown as A));
        this.finish(call, outcome);
      } catch (error) {
        this.fail(error);
      }
    },
  });
}

/** The optional NAME of an environment, first argument of many commands. */
export const nameArgument = {
  brief: "The environment's name (default: the spec's name, else the folder's)",
  placeholder: 'NAME',
  parse: String,
  optional: true,
} as const;
