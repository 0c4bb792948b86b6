import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RigError, errnoOf, sha256Hex, writeFileAtomic } from '../kernel/index.ts';
import { bootScript } from './bootScript.ts';
import type { Bind, BootPlan } from './bootScript.ts';
import { userBinds } from './bindSources.ts';
import type { EnvironmentStart, PlacedFile, SandboxMode } from './engine.ts';
import { writableLayer } from './environmentFolder.ts';
import type { EnvironmentFolder } from './environmentFolder.ts';
import type { StoredState } from './environmentState.ts';
import { gpuAccess } from './gpuAccess.ts';
import type { GpuAccess } from './gpuAccess.ts';
import { findProgram } from './hostPrograms.ts';
import { unshareWords } from './idMapping.ts';
import { initWords } from './initCommand.ts';
import { insideEnv } from './insideEnv.ts';
import { planLimits } from './limits.ts';
import type { LimitPlan } from './limits.ts';
import { networkFiles } from './networkFiles.ts';
import { prepareProot } from './prootLaunch.ts';
import { prootScript } from './prootScript.ts';
import { singleIdHelp } from './singleId.ts';
import type { SingleIdHelp } from './singleId.ts';
import { prootSweep, superviseScript } from './superviseScript.ts';
import { toolWords } from './toolbox.ts';
import type { Toolbox } from './toolbox.ts';

/** With what an environment is isolated, decided before it is made. */
export type Isolation =
  | { mode: Exclude<SandboxMode, 'proot'>; toolbox: Toolbox }
  /** `tool`: folder of obtainProot; `reason`: why there are no namespaces. */
  | { mode: 'proot'; tool: string; reason: string };

export interface StartContext {
  folder: EnvironmentFolder;
  isolation: Isolation;
  env: NodeJS.ProcessEnv;
  /** Root folder of the machine whose GPUs are shown. */
  machine: string;
  /** Of the environment that was here before, if any. */
  earlier: StoredState | undefined;
}

/** What both ways of isolating need. */
interface Prepared {
  binds: Bind[];
  limits: LimitPlan;
  gpus: GpuAccess;
  hostname: string;
  files: PlacedFile[];
  env: Record<string, string>;
  workdir: string;
}

/** What the chosen way adds to the remembered state. */
type Way = Pick<StoredState, 'toolbox' | 'loader' | 'python' | 'proot'> & { notices: string[] };

/** Makes everything that a start needs in the environment's folder and returns what is to be remembered. Starts nothing. */
export async function prepareStart(request: EnvironmentStart, context: StartContext): Promise<StoredState> {
  const { isolation } = context;
  await checkLower(request.lower, isolation.mode);
  const prepared = await prepare(request, context);
  const way =
    isolation.mode === 'proot'
      ? await prootWay(request, context, prepared)
      : await namespaceWay(request, { ...context, isolation }, prepared);
  const { limits, gpus } = prepared;
  const now = new Date().toISOString();
  return {
    version: 1,
    name: request.name,
    mode: isolation.mode,
    imageDigest: request.imageDigest,
    lower: request.lower,
    created: context.earlier?.created ?? now,
    started: now,
    workspace: request.workspace,
    workdir: prepared.workdir,
    env: prepared.env,
    ports: request.ports ?? {},
    labels: request.labels ?? {},
    cgroups: limits.cgroups,
    oomScore: limits.oomScore,
    limiters: limits.limiters,
    ...way,
    notices: [...way.notices, ...limits.notices, ...gpus.notices],
  };
}

async function prepare(request: EnvironmentStart, { folder, machine }: StartContext): Promise<Prepared> {
  const binds = await userBinds(request.workspace, request.mounts ?? []);
  const limits = await planLimits({
    group: `torchrig-${request.name}-${sha256Hex(folder.root).slice(0, 8)}`,
    memory: request.memory,
    cpus: request.cpus,
    shm: request.shm,
  });
  const gpus = await gpuAccess(request.gpus ?? 'all', machine);
  const hostname = request.hostname ?? request.name;
  return {
    binds,
    limits,
    gpus,
    hostname,
    files: [...(await networkFiles(hostname)), ...(request.files ?? [])],
    env: insideEnv(request.image, { ...gpus.env, ...limits.env, ...request.env }),
    workdir: request.image.workdir ?? '/workspace',
  };
}

function mainCommand({ image, command }: EnvironmentStart): string[] {
  const words = command ?? [...(image.entrypoint ?? []), ...(image.cmd ?? [])];
  return words.length > 0 ? words : ['sleep', 'infinity'];
}

async function checkLower(lower: string, mode: SandboxMode): Promise<void> {
  let owner: number;
  try {
    owner = (await stat(join(lower, 'etc'))).uid;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new RigError('RIG-ENGINE-003', `there is no root file system in ${lower}`, {
      why: 'it has no /etc',
      hint: 'rig build',
    });
  }
  const caller = process.geteuid?.() ?? 0;
  if (caller === 0 || mode === 'proot' || owner === caller) return;
  throw new RigError(
    'RIG-ENGINE-007',
    `the root folder ${lower} belongs to user ${owner}, you are ${caller}`,
    {
      hint: 'set TORCHRIG_HOME to a folder of yours',
    },
  );
}

/** Containers have 64 MB, in which no DataLoader with workers gets far. */
const PROOT_SHM = 2 ** 30;
const NO_HELP: SingleIdHelp = { words: [], python: null, files: [], notices: [] };

async function namespaceWay(
  request: EnvironmentStart,
  { folder, isolation, env }: StartContext & { isolation: Extract<Isolation, { toolbox: Toolbox }> },
  prepared: Prepared,
): Promise<Way> {
  const { mode, toolbox } = isolation;
  const layer = writableLayer(folder, request.imageDigest);
  for (const path of [folder.layers, layer.root, layer.work])
    await mkdir(path, { recursive: true, mode: 0o700 });
  for (const path of [layer.upper, folder.mount]) await mkdir(path, { recursive: true, mode: 0o755 });
  const layers = { lower: request.lower, upper: layer.upper };
  const single = mode === 'single' ? await singleIdHelp(layers, env) : NO_HELP;
  const { limits, gpus, binds, hostname, workdir } = prepared;
  const plan: BootPlan = {
    mode,
    folder,
    ...layers,
    work: layer.work,
    toolbox,
    hostname,
    hostnameProgram: findProgram('hostname', env),
    shm: limits.shm,
    cgroups: limits.cgroups,
    oomScore: limits.oomScore,
    binds: [...gpus.binds, ...binds],
    links: gpus.links,
    files: await copyFiles(folder, [...prepared.files, ...single.files]),
    env: prepared.env,
    workdir,
    command: [...(await initWords(request.lower, toolWords(toolbox, 'env'))), ...mainCommand(request)],
  };
  await writeFileAtomic(folder.bootScript, bootScript(plan), { mode: 0o600 });
  await supervise(folder, [...limits.limiters, ...(await unshareWords(mode, env)), ...single.words]);
  return {
    toolbox: toolbox.path,
    loader: toolbox.loader ?? null,
    python: single.python,
    proot: null,
    notices: single.notices,
  };
}

async function prootWay(
  request: EnvironmentStart,
  { folder, isolation }: StartContext,
  prepared: Prepared,
): Promise<Way> {
  if (isolation.mode !== 'proot') throw new TypeError('not proot');
  const layer = writableLayer(folder, request.imageDigest);
  await mkdir(layer.root, { recursive: true, mode: 0o700 });
  const { binds, gpus, limits, files, env, workdir } = prepared;
  const { tool, reason } = isolation;
  const root = join(layer.root, 'root');
  const proot = await prepareProot({
    request,
    folder,
    tool,
    reason,
    root,
    binds: [...gpus.binds, ...binds],
    links: gpus.links,
    files,
    shm: request.shm ?? PROOT_SHM,
  });
  const command = [...proot.words, '-w', workdir, ...mainCommand(request)];
  const boot = {
    folder,
    cgroups: limits.cgroups,
    oomScore: limits.oomScore,
    env: { ...env, ...proot.env },
    words: command,
  };
  await writeFileAtomic(folder.bootScript, prootScript(boot), { mode: 0o600 });
  await supervise(folder, limits.limiters, prootSweep(folder));
  return {
    toolbox: '',
    loader: null,
    python: null,
    proot: { words: proot.words, env: proot.env },
    notices: proot.notices,
  };
}

/** Copies the files' contents where the boot script finds them. */
async function copyFiles(folder: EnvironmentFolder, files: PlacedFile[]): Promise<BootPlan['files']> {
  await rm(folder.place, { recursive: true, force: true });
  await mkdir(folder.place, { mode: 0o700 });
  const placed: BootPlan['files'] = [];
  for (const [index, { path, content, mode }] of files.entries()) {
    await writeFile(join(folder.place, String(index)), content, { mode: 0o600 });
    placed.push([String(index), path, (mode ?? 0o644).toString(8).padStart(4, '0')]);
  }
  return placed;
}

async function supervise(folder: EnvironmentFolder, words: string[], sweep = ''): Promise<void> {
  const launch = [...words, 'sh', folder.bootScript];
  await writeFileAtomic(folder.superviseScript, superviseScript(folder, launch, sweep), { mode: 0o600 });
}
