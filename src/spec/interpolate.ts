/** The text with its variables put in, or what is wrong; never the value of a variable. */
export type Interpolated = { text: string } | { problem: string };

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const MAX_LENGTH = 64 * 1024;

/**
 * `${NAME}`, `${NAME:-default}` (unset or empty), `${NAME-default}` (unset), `${NAME:?message}`, `${NAME?message}` and `$$` for one
 * dollar, as in the Compose specification, "Interpolation"; defaults may hold variables. A `$` before anything else stays.
 */
export function interpolate(text: string, env: NodeJS.ProcessEnv): Interpolated {
  if (!text.includes('$')) return { text };
  try {
    const filled = fill(text, env, 0);
    return filled.length > MAX_LENGTH
      ? { problem: 'is too long with its variables put in' }
      : { text: filled };
  } catch (error) {
    if (error instanceof Unfilled) return { problem: error.message };
    throw error;
  }
}

class Unfilled extends Error {}

function fill(text: string, env: NodeJS.ProcessEnv, depth: number): string {
  if (depth > 8) throw new Unfilled('has variables nested too deeply');
  let out = '';
  let at = 0;
  for (;;) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) return out + text.slice(at);
    out += text.slice(at, dollar);
    if (text[dollar + 1] === '$') {
      out += '$';
      at = dollar + 2;
    } else if (text[dollar + 1] === '{') {
      const end = closing(text, dollar + 2);
      out += expand(text.slice(dollar + 2, end), env, depth);
      at = end + 1;
    } else {
      out += '$';
      at = dollar + 1;
    }
  }
}

/** Index of the brace that closes the one before `from`. */
function closing(text: string, from: number): number {
  let open = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === '$' && text[index + 1] === '{') open += 1;
    else if (text[index] === '}') open -= 1;
    if (open === 0) return index;
  }
  throw new Unfilled('has "${" without "}"');
}

function expand(inner: string, env: NodeJS.ProcessEnv, depth: number): string {
  const name = NAME.exec(inner)?.[0];
  const rest = name === undefined ? '' : inner.slice(name.length);
  const operator = /^(:-|:\?|-|\?)/.exec(rest)?.[1];
  if (name === undefined || (rest !== '' && operator === undefined))
    throw new Unfilled(
      'has "${...}" that is none of ${NAME}, ${NAME:-default}, ${NAME:?message} ($$ is a plain dollar)',
    );
  const value = env[name];
  const given = value !== undefined && !(operator?.startsWith(':') && value === '');
  if (given) return value;
  const word = rest.slice(operator?.length ?? 0);
  if (operator?.endsWith('-')) return fill(word, env, depth + 1);
  if (operator?.endsWith('?')) throw new Unfilled(`needs the variable ${name}${word ? `: ${word}` : ''}`);
  throw new Unfilled(`needs the variable ${name}, which is not set (a default: \${${name}:-value})`);
}
