import { EXIT, RigError } from '../../kernel/index.ts';

/** `K=V` and `K` (then the caller's own value) as `-e` takes them. Throws RIG-CLI-002; the value is never shown. */
export function keyValues(
  given: readonly string[] | undefined,
  env: NodeJS.ProcessEnv,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const text of given ?? []) {
    const at = text.indexOf('=');
    const key = at < 0 ? text : text.slice(0, at);
    const value = at < 0 ? env[key] : text.slice(at + 1);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) || value === undefined) {
      throw new RigError(
        'RIG-CLI-002',
        `-e ${key}: ${value === undefined ? 'it is not set here' : 'not the name of a variable'}`,
        {
          hint: '-e NAME=VALUE',
          exitCode: EXIT.usage,
        },
      );
    }
    values[key] = value;
  }
  return values;
}
