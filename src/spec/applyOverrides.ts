import { EXIT, RigError } from '../kernel/index.ts';
import { readGpus } from './readGpus.ts';
import { readHostPath, readMount, readPublished } from './readMount.ts';
import { readEnvName, readEnvValue, readName } from './readName.ts';
import { readCpus, readMemory, readServicePort, readSize } from './readQuantity.ts';
import { shown, type Reading } from './reading.ts';
import { hostPath } from './resolveSpec.ts';
import type { PortWish, Spec } from './spec.ts';

/** Flags as typed on the command line; each stands over the file. */
export interface SpecOverrides {
  name?: string;
  gpus?: string;
  memory?: string;
  cpus?: string;
  shmSize?: string;
  workspace?: string;
  /** `-p HOST:INSIDE`; inside 8888 is Jupyter, 22 and 2222 are SSH. */
  publish?: readonly string[];
  /** `-v SOURCE:TARGET[:ro]`; the target /workspace or /root/workspace sets the workspace. */
  volume?: readonly string[];
  /** `-e NAME=VALUE`, or `-e NAME`: its value here. */
  env?: readonly string[];
  jupyterPort?: string;
  sshPort?: string;
}

interface Surroundings {
  /** Relative paths in flags are meant from here: where the command was called. */
  folder: string;
  env: NodeJS.ProcessEnv;
}

/** The spec with the flags applied; the input is not changed. Throws RIG-SPEC-002 naming each wrong flag, exit code 2. */
export function applyOverrides(spec: Spec, flags: SpecOverrides, around: Surroundings): Spec {
  const wrong: string[] = [];
  const read = <T>(
    flag: string,
    text: string | undefined,
    reader: (text: string) => Reading<T>,
  ): T | undefined => {
    if (text === undefined) return undefined;
    const reading = reader(text);
    if ('value' in reading) return reading.value;
    wrong.push(
      `${flag}: ${shown(text)} ${reading.problem}${reading.suggestion ? ` (try ${reading.suggestion})` : ''}`,
    );
    return undefined;
  };
  const next: Spec = {
    ...spec,
    name: read('NAME', flags.name, readName) ?? spec.name,
    gpus: read('--gpus', flags.gpus, readGpus) ?? spec.gpus,
    memory: read('--memory', flags.memory, readMemory) ?? spec.memory,
    cpus: read('--cpus', flags.cpus, readCpus) ?? spec.cpus,
    shm: read('--shm-size', flags.shmSize, readSize) ?? spec.shm,
    mounts: [...spec.mounts],
    ports: { ...spec.ports },
    services: { ...spec.services },
    publish: [...spec.publish],
    env: { ...spec.env },
  };
  const workspace = read('--workspace', flags.workspace, readHostPath);
  if (workspace !== undefined) next.workspace = hostPath(workspace, around);
  for (const text of flags.volume ?? []) addVolume(next, text, { read, around });
  for (const text of flags.publish ?? []) addPort(next, read('-p', text, readPublished));
  setService(next, 'jupyter', read('--jupyter-port', flags.jupyterPort, readServicePort));
  setService(next, 'ssh', read('--ssh-port', flags.sshPort, readServicePort));
  for (const text of flags.env ?? []) addVariable(next, text, { wrong, env: around.env });
  clashes(next, wrong);
  if (wrong.length > 0) throw wrongFlags(wrong);
  return next;
}

type Read = <T>(flag: string, text: string, reader: (text: string) => Reading<T>) => T | undefined;

function addVolume(spec: Spec, text: string, { read, around }: { read: Read; around: Surroundings }): void {
  const toWorkspace = /^(.+):\/(?:root\/)?workspace\/?$/.exec(text)?.[1];
  if (toWorkspace !== undefined) {
    spec.workspace = hostPath(toWorkspace, around);
    return;
  }
  const mount = read('-v', text, readMount);
  if (!mount) return;
  spec.mounts = spec.mounts.filter((other) => other.target !== mount.target);
  spec.mounts.push({ ...mount, source: hostPath(mount.source, around) });
}

function addPort(spec: Spec, published: { host: number; container: number } | undefined): void {
  if (!published) return;
  if (published.container === 8888) setService(spec, 'jupyter', published.host);
  else if (published.container === 22 || published.container === 2222)
    setService(spec, 'ssh', published.host);
  else spec.publish = [...spec.publish.filter((other) => other.host !== published.host), published];
}

function setService(spec: Spec, service: 'jupyter' | 'ssh', port: number | null | undefined): void {
  if (port === undefined) return;
  spec.services[service] = port !== null;
  if (port !== null) spec.ports[service] = { port, explicit: true } satisfies PortWish;
}

function addVariable(
  spec: Spec,
  text: string,
  { wrong, env }: { wrong: string[]; env: NodeJS.ProcessEnv },
): void {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const value = equals < 0 ? env[name] : text.slice(equals + 1);
  const badName = readEnvName(name);
  // The value may be a secret: only the name is shown.
  if ('problem' in badName) wrong.push(`-e: ${shown(name)} ${badName.problem}`);
  else if (value === undefined) wrong.push(`-e ${name}: ${name} is not set here (write ${name}=VALUE)`);
  else {
    const badValue = readEnvValue(value);
    if ('problem' in badValue) wrong.push(`-e ${name}: the value ${badValue.problem}`);
    else spec.env[name] = value;
  }
}

function clashes(spec: Spec, wrong: string[]): void {
  const { jupyter, ssh } = spec.ports;
  const both = spec.services.jupyter && spec.services.ssh && jupyter.explicit && ssh.explicit;
  if (both && jupyter.port === ssh.port) wrong.push(`port ${ssh.port} is given to both Jupyter and SSH`);
  if (spec.shm !== undefined && spec.memory !== undefined && spec.shm > spec.memory)
    wrong.push('--shm-size: is more than --memory; /dev/shm counts as memory (half of it is a good size)');
}

function wrongFlags(wrong: readonly string[]): RigError {
  return new RigError('RIG-SPEC-002', wrong.join('\n'), {
    hint: 'rig up --help lists the flags',
    exitCode: EXIT.usage,
    details: { flags: wrong },
  });
}
