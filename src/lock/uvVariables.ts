// Settings of uv's that would change what is resolved without showing in torchrig.yaml or in the lock. Indexes, credentials, trust,
// time limits and the cache stay: they say where packages come from, not which.
const HIDDEN =
  /^UV_(BUILD_CONSTRAINT|CONSTRAINT|OVERRIDE|EXCLUDE|RESOLUTION|PRERELEASE|FORK_STRATEGY|TORCH_BACKEND|NO_BINARY\w*|ONLY_BINARY\w*|NO_BUILD\w*|PYTHON(?!_DOWNLOADS)\w*|SYSTEM_PYTHON|MANAGED_PYTHON|NO_MANAGED_PYTHON|PROJECT\w*|WORKING_DIR\w*|NO_SOURCES\w*|CUSTOM_COMPILE_COMMAND|OFFLINE|REFRESH\w*)$/;

/** The environment without uv's settings that change what is resolved. */
export function withoutHiddenSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !HIDDEN.test(name)));
}
