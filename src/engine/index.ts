export { ENGINE_ERRORS } from './errors.ts';
export type {
  Engine,
  EngineMount,
  EngineName,
  EnvironmentStart,
  EnvironmentState,
  EnvironmentStatus,
  ExecRequest,
  ImageConfig,
  LogOptions,
  PlacedFile,
  Probe,
  SandboxMode,
  SpawnRequest,
  Started,
} from './engine.ts';
export { createSandboxEngine } from './sandboxEngine.ts';
export type { SandboxOptions } from './sandboxEngine.ts';
export { exitCode } from './runAttached.ts';
export { probeContainerEngine } from './containerEngine.ts';
