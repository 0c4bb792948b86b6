import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RigError, errnoOf } from '../kernel/index.ts';
import { bootScript } from './bootScript.ts';
import type { BootPlan } from './bootScript.ts';
import { userBinds } from './bindSources.ts';
import type { EnvironmentStart, PlacedFile, SandboxMode } from './engine.ts';
import { writableLayer } from './environmentFolder.ts';
import type { EnvironmentFolder } from './environmentFolder.ts';
import type { StoredState } from './environmentState.ts';
import { gpuAccess } from './gpuAccess.ts';
import { findProgram } from './hostPrograms.ts';
import { unshareWords } from './idMapping.ts';
import { initWords } from './initCommand.ts';
import { insideEnv } from './insideEnv.ts';
import { planLimits } from './limits.ts';
import { networkFiles } from './networkFiles.ts';
import { singleIdHelp } from './singleId.ts';
import type { SingleIdHelp } from './singleId.ts';
import { superviseScript } from './superviseScript.ts';
import type { Toolbox } from './toolbox.ts';
import { toolWords } from './toolbox.ts';

const NO_HELP: SingleIdHelp = { words: [], python: null, files: [], notices: [] };

export interface StartContext {
  folder: EnvironmentFolder;
  mode: SandboxMode;
  toolbox: Toolbox;
  env: NodeJS.ProcessEnv;
  /** Of the environment that was here before, if any. */
  earlier: StoredState | undefined;
}

/** Makes everything that a start needs in the environment's folder and returns what is to be remembered. Starts nothing. */
export async function prepareStart(request: EnvironmentStart, context: StartContext): Promise<StoredState> {
  const { folder, mode, toolbox } = context;
  await checkLower(request.lower, mode);
  const layer = writableLayer(folder, request.imageDigest);
  for (const path of [folder.root, folder.layers, layer.root, layer.work])
    await mkdir(path, { recursive: true, mode: 0o700 });
  for (const path of [layer.upper, folder.mount]) await mkdir(path, { recursive: true, mode: 0o755 });
  const binds = await userBinds(request.workspace, request.mounts ?? []);
  const limits = await planLimits({
    name: request.name,
    memory: request.memory,
    cpus: request.cpus,
    shm: request.shm,
  });
  const gpus = await gpuAccess(request.gpus ?? 'all');
  const hostname = request.hostname ?? request.name;
  const single =
    mode === 'single'
      ? await singleIdHelp({ lower: request.lower, upper: layer.upper }, context.env)
      : NO_HELP;
  const files = await placeFiles(folder, [
    ...(await networkFiles(hostname)),
    ...single.files,
    ...(request.files ?? []),
  ]);
  const env = insideEnv(request.image, { ...gpus.env, ...limits.env, ...request.env });
  const workdir = request.image.workdir ?? '/workspace';
  const plan: BootPlan = {
    mode: mode as BootPlan['mode'],
    folder,
    lower: request.lower,
    upper: layer.upper,
    work: layer.work,
    toolbox,
    hostname,
    hostnameProgram: findProgram('hostname', context.env),
    shm: limits.shm,
    cgroups: limits.cgroups,
    oomScore: limits.oomScore,
    binds: [...gpus.binds, ...binds],
    links: gpus.links,
    files,
    env,
    workdir,
    command: [...(await initWords(request.lower, toolWords(toolbox, 'env'))), ...mainCommand(request)],
  };
  await writeScripts(plan, { before: limits.limiters, after: single.words }, context);
  const now = new Date().toISOString();
  return {
    version: 1,
    name: request.name,
    mode,
    imageDigest: request.imageDigest,
    lower: request.lower,
    created: context.earlier?.created ?? now,
    started: now,
    workspace: request.workspace,
    workdir,
    env,
    ports: request.ports ?? {},
    labels: request.labels ?? {},
    cgroups: limits.cgroups,
    oomScore: limits.oomScore,
    limiters: limits.limiters,
    toolbox: toolbox.path,
    loader: toolbox.loader ?? null,
    python: single.python,
    notices: [...single.notices, ...limits.notices, ...gpus.notices],
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
  const caller = process.getuid?.() ?? 0;
  if (mode === 'root' || owner === caller) return;
  throw new RigError(
    'RIG-ENGINE-007',
    `the root folder ${lower} belongs to user ${owner}, you are ${caller}`,
    {
      hint: 'set TORCHRIG_HOME to a folder of yours',
    },
  );
}

/** Copies the files' contents where the boot script finds them. */
async function placeFiles(folder: EnvironmentFolder, files: PlacedFile[]): Promise<BootPlan['files']> {
  await rm(folder.place, { recursive: true, force: true });
  await mkdir(folder.place, { mode: 0o700 });
  const placed: BootPlan['files'] = [];
  for (const [index, { path, content, mode }] of files.entries()) {
    await writeFile(join(folder.place, String(index)), content, { mode: 0o600 });
    placed.push([String(index), path, (mode ?? 0o644).toString(8).padStart(4, '0')]);
  }
  return placed;
}

async function writeScripts(
  plan: BootPlan,
  words: { before: string[]; after: string[] },
  context: StartContext,
): Promise<void> {
  const { folder } = plan;
  const launch = [
    ...words.before,
    ...(await unshareWords(plan.mode, context.env)),
    ...words.after,
    'sh',
    folder.bootScript,
  ];
  await writeFile(folder.bootScript, bootScript(plan), { mode: 0o600 });
  await writeFile(folder.superviseScript, superviseScript(folder, launch), { mode: 0o600 });
}
