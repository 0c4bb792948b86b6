/** Where things are inside an environment. */
export const INSIDE = {
  workspace: '/workspace',
  python: '/opt/torchrig/env/bin/python',
  /** What the image starts (tini runs it). */
  entry: '/opt/torchrig/bin/rig-entry',
  /** Jupyter Lab in the foreground, as configured. */
  jupyter: '/opt/torchrig/bin/rig-jupyter',
  jupyterConfig: '/etc/jupyter/jupyter_server_config.py',
  /** Pages of ours that stand before Jupyter's. */
  templates: '/opt/torchrig/share/jupyter/templates',
  launcher: '/opt/torchrig/lib/rig_jupyter.py',
  /** Token and log of a container that is started by hand. */
  state: '/run/torchrig',
  /** Read by Jupyter at its start; made by it when missing. An engine puts the environment's own here. */
  tokenFile: '/run/torchrig/jupyter.token',
} as const;

/** Ports on which the services listen inside. */
export const INSIDE_PORTS = { jupyter: 8888, ssh: 22 } as const;

/** Environment first, then Debian's own order. */
export const INSIDE_PATH =
  '/opt/torchrig/env/bin:/opt/torchrig/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
