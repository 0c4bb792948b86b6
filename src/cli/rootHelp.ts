import { GROUPS } from './application.ts';
import type { Colors } from './outcome.ts';

/** `rig help`: every command by group, one line each. */
export function rootHelp(colors: Colors): string {
  const width = Math.max(...GROUPS.flatMap(({ routes }) => Object.keys(routes).map((name) => name.length)));
  const groups = GROUPS.map(({ title, routes }) => {
    const lines = Object.entries(routes).map(([name, target]) => `  ${name.padEnd(width)}  ${target.brief}`);
    return `${colors.bold(title)}\n${lines.join('\n')}`;
  });
  return `torchrig: one command, and a machine has a locked, verified, GPU-ready PyTorch environment.

  rig up                     start here: the environment, Jupyter Lab, verified
  rig exec -- python x.py    run something inside
  rig down                   stop it; files stay

${groups.join('\n\n')}

rig COMMAND --help says more. Every command takes --json, --quiet, --verbose, --no-color and --yes.
`;
}
