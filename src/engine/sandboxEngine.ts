import { access, constants, mkdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { RigError, isRigError, lockFile, messageOf, withFileLock } from '../kernel/index.ts';
import type { HomeLayout, Progress } from '../kernel/index.ts';
import { isAlive, readBox } from './boxIdentity.ts';
import type { BoxIdentity } from './boxIdentity.ts';
import { killOnAbort, runAttached } from './runAttached.ts';
import type { Engine, EnvironmentStart, ExecRequest, Probe, SandboxMode, Started } from './engine.ts';
import { openEar } from './listen.ts';
import type { Ear } from './listen.ts';
import { enterBox } from './enterBox.ts';
import { environmentFolder } from './environmentFolder.ts';
import type { EnvironmentFolder } from './environmentFolder.ts';
import { readState, storedNames, writeState } from './environmentState.ts';
import type { StoredState } from './environmentState.ts';
import { environmentStatus, isReady, readExit } from './environmentStatus.ts';
import { launch } from './launch.ts';
import { removeGroups } from './cgroups.ts';
import { logStream } from './logStream.ts';
import { chooseIsolation } from './chooseIsolation.ts';
import { prepareStart } from './prepareStart.ts';
import { probeNamespaces } from './probeSandbox.ts';
import { hasProot } from './prootTool.ts';
import { purgeFolder } from './purgeFolder.ts';
import { hasNamespace, stopBox } from './stopBox.ts';

export interface SandboxOptions {
  layout: HomeLayout;
  env?: NodeJS.ProcessEnv;
  /** Told of proot's download, should it be needed. */
  progress?: Progress;
  /** Root folder of the machine whose GPUs are shown inside; another one in tests. */
  machine?: string;
}

const STOP_MS = 10_000;
const READY_MS = 5_000;

/** The engine that needs no daemon: an environment is a process tree of its own, its state a folder below `envs`. */
export function createSandboxEngine({
  layout,
  env = process.env,
  progress,
  machine = '/',
}: SandboxOptions): Engine {
  const folderOf = (name: string): EnvironmentFolder => environmentFolder(layout.envs, name);
  return {
    name: 'sandbox',
    probe: async () => probe(layout, env),
    start: async (request) =>
      start(request, { layout, env, progress, machine, folder: folderOf(request.name) }),
    spawn: async (name, request) => {
      const { state, box } = await running(folderOf(name));
      return killOnAbort(enterBox(state, box, request), request.signal);
    },
    exec: async (name, request) => {
      const { state, box } = await running(folderOf(name));
      const ear = await earFor(request, layout.tmp, state.mode);
      return runAttached((stdio) => enterBox(state, box, { ...request, stdio }), request, ear);
    },
    stop: async (name, options) => stop(folderOf(name), options?.timeoutMs ?? STOP_MS),
    remove: async (name, { purge }) => {
      const folder = folderOf(name);
      await stop(folder, STOP_MS);
      if (purge) await purgeFolder(folder, layout.envs, env);
    },
    status: async (name) => environmentStatus(folderOf(name)),
    list: async () => {
      const names = await storedNames(layout.envs);
      const all = await Promise.all(names.map(async (name) => environmentStatus(folderOf(name))));
      return all.filter(({ state }) => state !== 'missing');
    },
    logs: (name, options) => {
      const folder = folderOf(name);
      return logStream(folder.log, async () => (await liveBox(folder)) !== undefined, options);
    },
  };
}

async function probe(layout: HomeLayout, env: NodeJS.ProcessEnv): Promise<Probe> {
  const { mode, reason, hints } = await probeNamespaces(layout.tmp, env);
  if (mode) return { usable: true, mode, reason, hints };
  if (!hasProot()) return { usable: false, reason, hints };
  return { usable: true, mode: 'proot', reason: `proot, slower and not isolated: ${reason}`, hints };
}

interface StartContext {
  layout: HomeLayout;
  env: NodeJS.ProcessEnv;
  folder: EnvironmentFolder;
  progress: Progress | undefined;
  machine: string;
}

async function start(request: EnvironmentStart, context: StartContext): Promise<Started> {
  const { folder } = context;
  const begin = performance.now();
  const already = await runningReady(folder);
  if (already) return started(already, true, begin);
  await makeFolder(folder);
  return withFileLock(folder.lock, async () => {
    const meanwhile = (await runningReady(folder)) ?? (await settle(folder));
    if (meanwhile) return started(meanwhile, true, begin);
    await sweepDead(folder);
    try {
      return started(await startStopped(request, context), false, begin);
    } catch (error) {
      // the start of somebody who was killed came first after all
      const other = isBusy(error) ? await settle(folder) : undefined;
      if (other) return started(other, true, begin);
      throw error;
    }
  });
}

/** The first thing that is written: a home that cannot be is said so. */
async function makeFolder(folder: EnvironmentFolder): Promise<void> {
  try {
    await mkdir(folder.root, { recursive: true, mode: 0o700 });
    await access(folder.root, constants.W_OK);
  } catch (error) {
    throw new RigError('RIG-ENGINE-013', `${folder.root} cannot be written`, {
      why: messageOf(error),
      hint: 'set TORCHRIG_HOME to a writable folder (in a container with a read-only root: on a volume)',
      cause: error,
    });
  }
}

async function startStopped(
  request: EnvironmentStart,
  { layout, env, folder, progress, machine }: StartContext,
): Promise<Running> {
  const earlier = await readState(folder);
  const isolation = await chooseIsolation(earlier?.mode, { layout, env, ...(progress ? { progress } : {}) });
  const state = await prepareStart(request, { folder, isolation, env, machine, earlier });
  for (const file of [folder.box, folder.ready, folder.exit, folder.supervisor])
    await rm(file, { force: true });
  await writeState(folder, state);
  return { state, box: await launch(folder, env) };
}

/** No terminal is taken from a command for the sake of hearing it: neither that of standard error nor, without script(1), any. */
async function earFor({ hear, tty }: ExecRequest, tmp: string, mode: SandboxMode): Promise<Ear | undefined> {
  if (!hear || (tty ? mode === 'proot' : process.stderr.isTTY)) return undefined;
  await mkdir(tmp, { recursive: true });
  return openEar(tmp, hear, tty ? undefined : 2);
}

interface Running {
  state: StoredState;
  box: BoxIdentity;
}

async function liveBox(folder: EnvironmentFolder): Promise<BoxIdentity | undefined> {
  const box = await readBox(folder.box);
  return box && isAlive(box) ? box : undefined;
}

async function runningReady(folder: EnvironmentFolder): Promise<Running | undefined> {
  const box = await liveBox(folder);
  const state = box ? await readState(folder) : undefined;
  return box && state && (await isReady(folder)) ? { state, box } : undefined;
}

/**
 * A start whose starter was killed may be under way, known only by its lock: waits until it stands or is gone. What does not
 * get ready is ended.
 */
async function settle(folder: EnvironmentFolder): Promise<Running | undefined> {
  const ended = await access(folder.exit).then(
    () => true,
    () => false,
  );
  if (ended || !(await readState(folder))) return undefined;
  const end = performance.now() + READY_MS;
  while (performance.now() < end) {
    const running = await runningReady(folder);
    if (running) return running;
    const lock = await lockFile(folder.boxLock, { tryOnly: true });
    await lock?.release();
    if (lock) return undefined;
    await sleep(20);
  }
  const box = await readBox(folder.box);
  if (box) await stopBox(box, 0);
  return undefined;
}

/** What proot did not take along, when its supervisor was killed, too. */
async function sweepDead(folder: EnvironmentFolder): Promise<void> {
  const box = await readBox(folder.box);
  if (box && !isAlive(box) && !hasNamespace(box)) await stopBox(box, 0);
}

function isBusy(error: unknown): boolean {
  return isRigError(error) && error.code === 'RIG-ENGINE-004';
}

async function running(folder: EnvironmentFolder): Promise<Running> {
  const found = await runningReady(folder);
  if (found) return found;
  const { state } = await environmentStatus(folder);
  throw new RigError(
    'RIG-ENGINE-002',
    `environment ${folder.name} is ${state === 'missing' ? 'not there' : 'not running'}`,
    {
      hint: `rig up ${folder.name}`,
      details: { name: folder.name, state },
    },
  );
}

async function stop(folder: EnvironmentFolder, timeoutMs: number): Promise<void> {
  const state = await readState(folder);
  if (!state) return;
  await withFileLock(folder.lock, async () => {
    // what a killed starter left may not have said who it is yet
    if (!(await liveBox(folder))) await settle(folder);
    const box = await readBox(folder.box);
    if (box) {
      await stopBox(box, timeoutMs);
      await readExit(folder);
    }
    await removeGroups(state.cgroups);
  });
}

function started({ state, box }: Running, alreadyRunning: boolean, begin: number): Started {
  return {
    name: state.name,
    alreadyRunning,
    mode: state.mode,
    imageDigest: state.imageDigest,
    pid: box.pid,
    created: state.created,
    ports: state.ports,
    notices: state.notices,
    startMs: Math.round(performance.now() - begin),
  };
}
