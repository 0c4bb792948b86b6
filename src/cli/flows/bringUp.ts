import type { Engine, EnvironmentStart, EnvironmentStatus } from '../../engine/index.ts';
import { prepareHome } from '../../kernel/index.ts';
import type { Digest } from '../../kernel/index.ts';
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
import { autoReason, engineFor, layoutOf, logPath, tokenPath } from './environment.ts';
import { lockFor } from './locking.ts';
import { hostSettings } from './hostSettings.ts';
import { checkMachine } from './checkMachine.ts';
import { prepareRoot } from './prepare.ts';
import type { PreparedRoot } from './prepare.ts';
import { knownVerification, verifyRunning } from './verification.ts';
import type { UpVerification } from './verification.ts';
import { settleInBackground } from './settle.ts';
import { warmInBackground } from './warm.ts';

/** `rig up --json` (contract). */
export interface UpResult {
  name: string;
  engine: string;
  engineReason: string;
  alreadyRunning: boolean;
  image: { digest: string; ref: string };
  lock: { digest: Digest; builtin: boolean };
  workspace: string;
  jupyter: { url: string } | null;
  ssh: null;
  verification: UpVerification;
  notices: string[];
  timings: { fetchMs: number; imageMs: number; startMs: number; verifyMs: number; totalMs: number };
  bytesFetched: number;
}

export interface UpWish {
  engine: string;
  /** Verify even when it was done before. */
  verify: boolean;
  force: boolean;
}

/** Everything from a spec to a verified, running environment. Each step is skipped where its result is there. */
export async function bringUp(call: Call, loaded: LoadedSpec, wish: UpWish): Promise<UpResult> {
  const began = performance.now();
  const { spec, name } = loaded;
  const { engine } = engineFor(call, wish.engine);
  await prepareHome(layoutOf(call).root);
  const [lock, status] = await Promise.all([lockFor(call, loaded, wish), engine.status(name)]);
  const isOurs = status.state === 'running' && status.labels['lock'] === lockDigest(lock);
  if (!isOurs) await checkMachine(call, lock, wish.force);
  const prepared = await prepareRoot(call, lock);
  const running = isOurs && status.imageDigest === prepared.digest;
  if (status.state === 'running' && !running) {
    call.say(`${name} runs another image: stopping it first (its installed files stay with that image)`);
    await engine.stop(name);
  }
  const startBegan = performance.now();
  const { ports, notices, mode, isNew } = running
    ? { ports: status.ports, notices: status.notices, mode: status.mode, isNew: false }
    : await start(call, { engine, loaded, lock, prepared });
  const startMs = Math.round(performance.now() - startBegan);
  const verifyBegan = performance.now();
  const subject = {
    engine,
    name,
    lock,
    digest: prepared.digest,
    mode: mode ?? 'sandbox',
    jupyterPort: ports['jupyter'],
    gpus: spec.gpus,
  };
  const known = wish.verify ? undefined : await knownVerification(call, subject, running);
  const verification = known ?? (await verifyRunning(call, subject));
  // Under proot a command returns only when its last child does, so nothing can be left behind.
  if (isNew && mode !== 'proot') await warmInBackground(engine, name);
  if (prepared.made) settleInBackground(call.env);
  return {
    name,
    engine: engine.name,
    engineReason: `${await autoReason(call, wish.engine)}; sandbox: ${mode ?? 'running'}`,
    alreadyRunning: running,
    image: { digest: prepared.digest, ref: refOf(loaded) },
    lock: { digest: lockDigest(lock), builtin: loaded.builtin },
    workspace: spec.workspace,
    jupyter: ports['jupyter'] === undefined ? null : { url: `http://127.0.0.1:${ports['jupyter']}/lab` },
    ssh: null,
    verification,
    notices,
    timings: {
      fetchMs: prepared.fetchMs,
      imageMs: prepared.imageMs,
      startMs,
      verifyMs: Math.round(performance.now() - verifyBegan),
      totalMs: Math.round(performance.now() - began),
    },
    bytesFetched: prepared.bytesFetched,
  };
}

interface StartContext {
  engine: Engine;
  loaded: LoadedSpec;
  lock: Lock;
  prepared: PreparedRoot;
}

interface Running {
  ports: Record<string, number>;
  notices: string[];
  mode: EnvironmentStatus['mode'];
  /** Its writable layer was empty before. */
  isNew: boolean;
}

async function start(call: Call, context: StartContext): Promise<Running> {
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

function refOf({ builtin, spec, name }: LoadedSpec): string {
  return builtin && spec.preset ? `pytorch-cuda:${spec.preset}` : `${name}:latest`;
}
