import type { Reading } from './reading.ts';

const SAFE_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** The nearest safe name: lower case, other characters become `-`; undefined when nothing is left. */
export function makeSafeName(text: string): string | undefined {
  const name = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 63)
    .replace(/[._-]+$/, '');
  return name === '' ? undefined : name;
}

/** An environment's name. */
export function readName(text: string): Reading<string> {
  if (SAFE_NAME.test(text)) return { value: text };
  return {
    problem: 'is not a name (lower-case letters, digits, ".", "_", "-"; at most 63)',
    suggestion: makeSafeName(text) ?? 'my-lab',
  };
}

/** A name of an environment variable. */
export function readEnvName(text: string): Reading<string> {
  // JavaScript has its own use for these three; no program asks for them.
  const reserved = ['__proto__', 'constructor', 'prototype'].includes(text);
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(text) && !reserved) return { value: text };
  return { problem: 'is not a name of an environment variable (letters, digits, "_")' };
}

/** A value of an environment variable. */
export function readEnvValue(text: string): Reading<string> {
  return text.includes('\0') ? { problem: 'holds a NUL character' } : { value: text };
}
