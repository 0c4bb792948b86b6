import type { Engine, EnvironmentStart, EnvironmentStatus } from '../../engine/index.ts';
import { isRigError } from '../../kernel/index.ts';
import { lockDigest } from '../../lock/index.ts';
import type { Lock } from '../../lock/index.ts';
import type { LoadedSpec, Spec } from '../../spec/index.ts';
import {
  choosePort,
  ensureToken,
  idleCommand,
  INSIDE,
  isPortFree,
  jupyterCommand,
  prepareWorkspace,
  waitForJupyter,
} from '../../workspace/index.ts';
import type { Call } from '../outcome.ts';
import { layoutOf, logPath, tokenPath } from './environment.ts';
import { hostSettings } from './hostSettings.ts';
import type { PreparedRoot } from './preparedRoot.ts';
import { runSettings } from './runSettings.ts';

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

/** How often a port may be taken by somebody else between its choice and Jupyter's start. */
const RACES = 3;

/** Starts an environment and returns when its Jupyter answers. Throws RIG-WORKSPACE-004 (it does not), RIG-ENGINE-*. */
export async function startEnvironment(call: Call, context: StartContext): Promise<Running> {
  const { engine, loaded, lock } = context;
  const { spec, name } = loaded;
  await prepareWorkspace(spec.workspace);
  if (!spec.services.jupyter || !lock.python.some((wheel) => wheel.name === 'jupyterlab'))
    return startOn(call, context, undefined);
  const wish = { service: 'jupyter', ...spec.ports.jupyter };
  const lost = new Set<number>();
  for (;;) {
    const port = await choosePort(wish, { avoid: lost });
    if (port !== wish.port) call.say(`port ${wish.port} is taken: Jupyter listens on ${port}`);
    try {
      return await startOn(call, context, port);
    } catch (error) {
      if (wish.explicit || lost.size === RACES || !isRigError(error) || !LOST.has(error.code)) throw error;
      await engine.stop(name);
      if (await isPortFree(port)) throw error;
      lost.add(port);
    }
  }
}

/** What is seen when another server was quicker: Jupyter ends, or the other one answers. */
const LOST: ReadonlySet<string> = new Set(['RIG-WORKSPACE-004', 'RIG-WORKSPACE-005']);

async function startOn(call: Call, context: StartContext, port: number | undefined): Promise<Running> {
  const { engine, loaded } = context;
  const { name } = loaded;
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
    labels: {
      lock: lockDigest(lock),
      preset: spec.preset ?? '',
      folder: loaded.folder,
      settings: runSettings(spec),
    },
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
