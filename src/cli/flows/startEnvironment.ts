import type { Engine, EnvironmentStart, EnvironmentStatus } from '../../engine/index.ts';
import { lockDigest } from '../../lock/index.ts';
import type { Lock } from '../../lock/index.ts';
import type { LoadedSpec, Spec } from '../../spec/index.ts';
import {
  choosePort,
  ensureToken,
  idleCommand,
  INSIDE,
  jupyterCommand,
  prepareWorkspace,
  waitForJupyter,
} from '../../workspace/index.ts';
import type { Call } from '../outcome.ts';
import { layoutOf, logPath, tokenPath } from './environment.ts';
import { hostSettings } from './hostSettings.ts';
import type { PreparedRoot } from './preparedRoot.ts';

export interface StartContext {
  engine: Engine;
  loaded: LoadedSpec;
  lock: Lock;
  prepared: PreparedRoot;
}

export interface Running {
  ports: Record<string, number>;
  notices: string[];
  mode: EnvironmentStatus['mode'];
  /** Its writable layer was empty before. */
  isNew: boolean;
}

/** Starts an environment and returns when its Jupyter answers. Throws RIG-WORKSPACE-004 (it does not), RIG-ENGINE-*. */
export async function startEnvironment(call: Call, context: StartContext): Promise<Running> {
  const { engine, loaded, lock } = context;
  const { spec, name } = loaded;
  await prepareWorkspace(spec.workspace);
  const withJupyter = spec.services.jupyter && lock.python.some((wheel) => wheel.name === 'jupyterlab');
  const port = withJupyter ? await choosePort({ service: 'jupyter', ...spec.ports.jupyter }) : undefined;
  if (port !== undefined && port !== spec.ports.jupyter.port) {
    call.say(`port ${spec.ports.jupyter.port} is taken: Jupyter listens on ${port}`);
  }
  const token = port === undefined ? undefined : await ensureToken(tokenPath(layoutOf(call), name));
  const started = await engine.start(await startRequest(call, context, { port, token }));
  if (port !== undefined && token !== undefined) {
    await waitForJupyter({
      port,
      token,
      signal: call.signal,
      isAlive: async () => (await engine.status(name)).state === 'running',
      logFile: logPath(layoutOf(call), name),
    });
  }
  return {
    ports: started.ports,
    notices: started.notices,
    mode: started.mode,
    isNew: !started.alreadyRunning,
  };
}

async function startRequest(
  call: Call,
  { loaded, lock, prepared }: StartContext,
  { port, token }: { port: number | undefined; token: string | undefined },
): Promise<EnvironmentStart> {
  const { spec, name } = loaded;
  const command = port === undefined ? idleCommand() : jupyterCommand({ port });
  const settings = await hostSettings(call);
  const secret = token === undefined ? [] : [{ path: INSIDE.tokenFile, content: token, mode: 0o600 }];
  return {
    name,
    imageDigest: prepared.digest,
    lower: prepared.lower,
    image: prepared.config,
    command: command.argv,
    workspace: spec.workspace,
    mounts: spec.mounts,
    env: { ...settings.env, ...spec.env, ...command.env },
    gpus: spec.gpus,
    ports: port === undefined ? {} : { jupyter: port },
    labels: { lock: lockDigest(lock), preset: spec.preset ?? '', folder: loaded.folder },
    files: [...secret, ...settings.files],
    ...limitsOf(spec),
  };
}

function limitsOf({ memory, cpus, shm }: Spec): Pick<EnvironmentStart, 'memory' | 'cpus' | 'shm'> {
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(shm === undefined ? {} : { shm }),
  };
}
