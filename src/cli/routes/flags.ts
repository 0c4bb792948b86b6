/** A flag with a value, `--memory 32g`. */
export const text = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, placeholder, brief }) as const;

/** The same, given any number of times. */
export const list = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, variadic: true, placeholder, brief }) as const;

/** A flag that is there or not. */
export const flag = (brief: string) =>
  ({ kind: 'boolean', optional: true, withNegated: false, brief }) as const;
