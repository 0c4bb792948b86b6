import { INSIDE } from './layout.ts';

/** A program to start inside: absolute program, arguments, and what to add to its environment. */
export interface InsideCommand {
  argv: string[];
  env: Record<string, string>;
}

/**
 * How an engine starts Jupyter Lab. No secret is in it: the engine puts the token file at `tokenFile` (0600, owned by the user
 * inside). `ip` is 127.0.0.1 where the network is the host's, 0.0.0.0 in a network of its own.
 */
export function jupyterCommand(options: { port: number; ip?: string; tokenFile?: string }): InsideCommand {
  return {
    argv: [INSIDE.jupyter],
    env: {
      RIG_JUPYTER_IP: options.ip ?? '127.0.0.1',
      RIG_JUPYTER_PORT: String(options.port),
      JUPYTER_TOKEN_FILE: options.tokenFile ?? INSIDE.tokenFile,
    },
  };
}

/** What an environment without Jupyter runs: nothing, until it is stopped. */
export function idleCommand(): InsideCommand {
  return { argv: ['/bin/sleep', 'infinity'], env: {} };
}
