import { parse } from 'yaml';
import type { EngineFacts, ToolkitFacts } from './facts.ts';
import { type HostReader, namesIn, textOf } from './reader.ts';

const LIMIT = { timeout: 2000 };
/** Programs without a daemon: the command that prints a version. */
const PROGRAMS: [EngineFacts['name'], string[]][] = [
  ['podman', ['--version']],
  ['bwrap', ['--version']],
  ['unshare', ['--version']],
  ['proot', ['--version']],
  ['apptainer', ['--version']],
  ['enroot', ['version']],
];

const versionIn = (text: string): string | null => /(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1] ?? null;

async function program(reader: HostReader, name: EngineFacts['name'], args: string[]): Promise<EngineFacts> {
  const outcome = await reader.exec(name, args, LIMIT);
  if (!outcome.found) return { name, version: null, state: 'missing', message: null };
  const ok = outcome.code === 0 && !outcome.timedOut;
  return {
    name,
    version: versionIn(outcome.stdout),
    state: ok ? 'ok' : 'silent',
    message: ok ? null : (outcome.stderr.trim().split('\n')[0] ?? 'no answer'),
  };
}

/** docker's client may be there without a daemon: only the server's version counts. */
async function docker(reader: HostReader): Promise<{ engine: EngineFacts; runtimes: string[] | null }> {
  const outcome = await reader.exec(
    'docker',
    ['info', '--format', '{{.ServerVersion}}|{{range $name, $_ := .Runtimes}}{{$name}} {{end}}'],
    LIMIT,
  );
  const none = { name: 'docker' as const, version: null, message: null };
  if (!outcome.found) return { engine: { ...none, state: 'missing' }, runtimes: null };
  const [server, runtimes] = outcome.stdout.trim().split('|');
  const version = versionIn(server ?? '');
  if (outcome.code === 0 && version) {
    return { engine: { ...none, version, state: 'ok' }, runtimes: (runtimes ?? '').split(' ') };
  }
  const words = outcome.timedOut ? 'no answer within 2 s' : (outcome.stderr || outcome.stdout).trim();
  const message = words.split('\n')[0] || 'no daemon answers';
  return { engine: { ...none, state: 'silent', message }, runtimes: null };
}

interface CdiDocument {
  kind?: unknown;
  devices?: { name?: unknown }[];
}

/** A CDI specification of GPUs: its device names and the driver whose libraries it mounts. */
export function cdiOf(file: string, text: string): ToolkitFacts['cdi'][number] | undefined {
  let document: CdiDocument | null;
  try {
    document = parse(text) as CdiDocument | null;
  } catch {
    return undefined;
  }
  if (document === null || typeof document !== 'object' || document.kind !== 'nvidia.com/gpu')
    return undefined;
  const devices = Array.isArray(document.devices) ? document.devices : [];
  return {
    file,
    devices: devices.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])),
    driver: /libcuda\.so\.(\d{3,}\.\d+(?:\.\d+)?)/.exec(text)?.[1] ?? null,
  };
}

async function cdiSpecifications(reader: HostReader): Promise<ToolkitFacts['cdi']> {
  const found = await Promise.all(
    ['/etc/cdi', '/var/run/cdi'].map(async (folder) => {
      const files = (await namesIn(reader, folder)).filter((name) => /\.(ya?ml|json)$/.test(name));
      const texts = await Promise.all(files.map((name) => textOf(reader, `${folder}/${name}`)));
      return files.flatMap((name, at) => cdiOf(`${folder}/${name}`, texts[at] ?? '') ?? []);
    }),
  );
  return found.flat();
}

export async function readEngines(
  reader: HostReader,
): Promise<{ engines: EngineFacts[]; toolkit: ToolkitFacts }> {
  const [daemon, programs, ctk, cdi] = await Promise.all([
    docker(reader),
    Promise.all(PROGRAMS.map(([name, args]) => program(reader, name, args))),
    reader.exec('nvidia-ctk', ['--version'], LIMIT),
    cdiSpecifications(reader),
  ]);
  return {
    engines: [daemon.engine, ...programs],
    toolkit: {
      version: ctk.found ? versionIn(ctk.stdout) : null,
      dockerRuntime: daemon.runtimes === null ? null : daemon.runtimes.includes('nvidia'),
      cdi,
    },
  };
}
