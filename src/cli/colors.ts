import pc from 'picocolors';
import type { Colors } from './outcome.ts';

/** Colours for one stream: only on a terminal, never with NO_COLOR, and as `--color`/`--no-color` says. */
export function colorsFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv, wish?: boolean): Colors {
  const on = wish ?? (stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb');
  return pc.createColors(on);
}
