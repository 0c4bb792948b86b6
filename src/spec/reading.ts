/** What a reader of one written value answers: the value, or what is wrong with the text. */
export type Reading<T> =
  | { value: T }
  /** `problem` completes the sentence `"32q" …`; `suggestion` is what to write instead. Neither repeats the text itself. */
  | { problem: string; suggestion?: string };

/** `"text"` for a message: quoted, control characters escaped, cut to 60 characters. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
