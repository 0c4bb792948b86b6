/** One word of a POSIX shell, whatever it holds (no NUL: no path or argument can). */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_/.:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function shellWords(words: readonly string[]): string {
  return words.map(shellQuote).join(' ');
}

/** A name that a POSIX shell can export. */
export const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
