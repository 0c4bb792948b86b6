import { EXIT, isRigError, messageOf } from '../kernel/index.ts';
import type { Colors } from './outcome.ts';

export interface ErrorDocument {
  error: { code: string; message: string; hint: string | null; details: Record<string, unknown> };
}

/** The document of `--json`. */
export function errorDocument(error: unknown): ErrorDocument {
  if (!isRigError(error)) {
    return { error: { code: 'RIG-BUG-001', message: messageOf(error), hint: null, details: {} } };
  }
  const details = { ...error.details, ...(error.why ? { why: error.why } : {}) };
  return { error: { code: error.code, message: error.message, hint: error.hint ?? null, details } };
}

/** Two to four lines for people. Anything that is no RigError is our bug, and is shown whole. */
export function errorText(error: unknown, colors: Colors): string {
  if (!isRigError(error)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${colors.red('error[RIG-BUG-001]')}: this is a bug of rig, not of yours\n${stack}`;
  }
  const lines = [`${colors.red(`error[${error.code}]`)}: ${error.message}`];
  if (error.why && !error.message.includes(error.why)) lines.push(`  ${error.why}`);
  if (error.hint) lines.push(`${colors.cyan('hint')}: ${error.hint}`);
  return lines.join('\n');
}

export function exitCodeOf(error: unknown): number {
  return isRigError(error) ? error.exitCode : EXIT.failed;
}
