#!/usr/bin/env node
import { run } from '@stricli/core';
import { EXIT, RigError, messageOf } from '../kernel/index.ts';
import { application } from './application.ts';
import { colorsFor } from './colors.ts';
import { completions } from './completion.ts';
import type { CommonFlags, RigContext } from './command.ts';
import type { Call, Outcome } from './outcome.ts';
import { progressView } from './progressView.ts';
import type { ProgressView } from './progressView.ts';
import { rootHelp } from './rootHelp.ts';
import { SETTLE } from './settleCommand.ts';
import { errorDocument, errorText, exitCodeOf } from './renderError.ts';

async function main(argv: readonly string[]): Promise<void> {
  // stricli swallows `--`; what stands behind it belongs to the program that is run.
  const cut = argv.indexOf('--');
  const own = cut < 0 ? argv : argv.slice(0, cut);
  const rest = cut < 0 ? [] : argv.slice(cut + 1);
  const json = own.includes('--json');
  const abort = new AbortController();
  const interrupt = (): void =>
    abort.abort(
      new RigError('RIG-CLI-130', 'interrupted', {
        hint: 'the same command resumes',
        exitCode: EXIT.interrupted,
      }),
    );
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.stdout.on('error', ignoreBrokenPipe);
  process.stderr.on('error', ignoreBrokenPipe);
  let view: ProgressView | undefined;

  const makeCall = (flags: CommonFlags): Call => {
    const colors = colorsFor(process.stderr, process.env, flags.color);
    view = progressView(flags.quiet ? { write: () => true } : process.stderr, colors);
    const { progress, say, close } = view;
    return {
      env: process.env,
      cwd: process.cwd(),
      rest,
      json,
      quiet: flags.quiet === true,
      verbose: flags.verbose === true,
      yes: flags.yes === true,
      signal: abort.signal,
      progress,
      say,
      stream: (line) => void process.stdout.write(`${line}\n`),
      releaseTerminal: close,
      colors,
    };
  };
  const finish = (_call: Call, outcome: Outcome): void => {
    view?.close();
    if (json && outcome.data !== undefined) process.stdout.write(`${JSON.stringify(outcome.data)}\n`);
    if (!json && outcome.text)
      process.stdout.write(outcome.text.endsWith('\n') ? outcome.text : `${outcome.text}\n`);
    process.exitCode = outcome.exitCode ?? EXIT.ok;
  };
  const fail = (error: unknown): void => {
    view?.close();
    const shown: unknown = abort.signal.aborted ? abort.signal.reason : error;
    if (json) process.stdout.write(`${JSON.stringify(errorDocument(shown))}\n`);
    else process.stderr.write(`${errorText(shown, colorsFor(process.stderr, process.env))}\n`);
    process.exitCode = exitCodeOf(shown);
  };

  let complaint = '';
  const captured = {
    stdout: process.stdout,
    stderr: { write: (text: string) => void (complaint += text) },
    env: process.env,
    exitCode: null as number | null,
  };
  const context: RigContext = { process: captured, makeCall, finish, fail };
  if (own[0] === '__complete') {
    const found = await completions(own.slice(1), context);
    process.stdout.write(found.map((line) => `${line}\n`).join(''));
    return;
  }
  if (own[0] === SETTLE) {
    const { settleNow } = await import('./flows/settle.ts');
    await settleNow(process.env);
    return;
  }
  const words = asHelp(own);
  if (words === undefined) {
    process.stdout.write(rootHelp(colorsFor(process.stdout, process.env)));
    return;
  }
  await run(application(), words, { ...context, process: captured });
  // Usage errors are negative exit codes of stricli, its words are on stderr.
  if (Number(captured.exitCode) < 0) fail(usageError(complaint.trim()));
}

/** `rig help X` is `rig X --help`; undefined for `rig`, `rig help` and `rig --help`: the list of commands. */
function asHelp(own: readonly string[]): string[] | undefined {
  const [first, ...others] = own;
  if (first === undefined || ((first === '--help' || first === '-h') && others.length === 0))
    return undefined;
  if (first !== 'help') return [...own];
  return others.length === 0 ? undefined : [...others, '--help'];
}

function usageError(message: string): RigError {
  return new RigError('RIG-CLI-002', message, { hint: 'rig help', exitCode: EXIT.usage });
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`error[RIG-BUG-001]: ${messageOf(error)}\n`);
  process.exitCode = EXIT.failed;
}
