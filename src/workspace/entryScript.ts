import { INSIDE } from './layout.ts';

/**
 * What a container of the image runs (POSIX sh, under tini). With a command: that command. Without one: Jupyter Lab in the
 * foreground, or, on a terminal, a shell with Jupyter Lab beside it.
 */
export const ENTRY_SCRIPT = `#!/bin/sh
# rig-entry [COMMAND...]: start of a torchrig environment, made by rig.
set -u

# Where token and log go. Another user than root (docker run --user) has no place below /run; who has none at all cannot start
# Jupyter, but everything else.
if [ -z "\${JUPYTER_TOKEN_FILE:-}" ]; then
  state=${INSIDE.state}
  if ! { mkdir -p -m 700 "$state" && [ -w "$state" ]; } 2>/dev/null; then
    state=\${TMPDIR:-/tmp}/torchrig-$(id -u)
    mkdir -m 700 "$state" 2>/dev/null || { [ -O "$state" ] && [ ! -L "$state" ]; } || state=${INSIDE.state}
  fi
  export JUPYTER_TOKEN_FILE="$state/jupyter.token"
fi
state=$(dirname "$JUPYTER_TOKEN_FILE")
log=$state/jupyter.log

have_jupyter() {
  [ -x /opt/torchrig/env/bin/jupyter-lab ]
}

say() {
  printf '%s\\n' "$*" >&2
}

# A command of the user: Jupyter's settings apply to it as well, by ${INSIDE.jupyterConfig}.
if [ "$#" -gt 0 ]; then
  case $1 in
    jupyter | jupyter-lab | jupyter-server | jupyter-notebook) say "Jupyter's token: docker exec CONTAINER cat $JUPYTER_TOKEN_FILE" ;;
  esac
  exec "$@"
fi

if ! have_jupyter; then
  if [ -t 0 ] && [ -t 1 ]; then exec bash -l; fi
  exec sleep infinity
fi

if [ -t 0 ] && [ -t 1 ]; then
  ( umask 077 && mkdir -p "$state" && : >"$log" ) 2>/dev/null || log=/dev/null
  # A session of its own: Ctrl-C in the shell does not reach Jupyter.
  setsid ${INSIDE.jupyter} </dev/null >>"$log" 2>&1 &
  say "Jupyter Lab starts at http://127.0.0.1:\${RIG_JUPYTER_PORT:-8888}/lab (log: $log)"
  say "Its token: cat $JUPYTER_TOKEN_FILE"
  exec bash -l
fi

say "Jupyter Lab at port \${RIG_JUPYTER_PORT:-8888}; its token: docker exec CONTAINER cat $JUPYTER_TOKEN_FILE"
exec ${INSIDE.jupyter}
`;

/** Jupyter Lab in the foreground. Address, port and token come through the environment and the token file, never by argument. */
export const JUPYTER_SCRIPT = `#!/bin/sh
# rig-jupyter: Jupyter Lab with the settings of ${INSIDE.jupyterConfig}, made by rig.
set -u

# In a network of its own a container must listen on all addresses, or a published port leads nowhere; nobody but the one who
# publishes it gets in. In the host's network (a device of the machine is to be seen) only this machine is served.
if [ -z "\${RIG_JUPYTER_IP:-}" ]; then
  RIG_JUPYTER_IP=0.0.0.0
  for device in /sys/class/net/*/device; do
    if [ -e "$device" ]; then RIG_JUPYTER_IP=127.0.0.1; fi
  done
  export RIG_JUPYTER_IP
fi

exec ${INSIDE.python} ${INSIDE.launcher}
`;

/** Login shells (ssh, bash -l) reset PATH in /etc/profile: it is put back here. */
export const PROFILE_SCRIPT = `# /etc/profile.d/torchrig.sh, made by rig
case ":$PATH:" in
  *:/opt/torchrig/env/bin:*) ;;
  *) PATH="/opt/torchrig/env/bin:/opt/torchrig/bin:$PATH" ;;
esac
export PATH
export LANG="\${LANG:-C.UTF-8}"
`;
