import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { noRootReason, testRoot } from '../engine/testRoot.ts';
import { CHECKOUT } from './packageCopy.ts';
import { ended, runProgram } from './rig.ts';
import type { Ran } from './rig.ts';

/** Why no plain container can be made here; undefined when one can. */
export function noContainerReason(): string | undefined {
  const docker = spawnSync('docker', ['info']);
  if (docker.error) return 'docker is not installed';
  if (docker.status !== 0) return 'no docker daemon answers';
  return noRootReason();
}

/** Where this machine keeps what its package managers are told: handed to the container as it stands. */
const SETTINGS = [
  '/etc/apt',
  '/usr/share/keyrings',
  '/etc/pip.conf',
  '/etc/ssl/certs',
  '/usr/local/share/ca-certificates',
];
const OF_HOME = ['.config/pip', '.pip', '.npmrc'];
const VARIABLES =
  /^(PIP_\w+|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|TORCHRIG_(PYTHON|DEBIAN)\w+|\w+_proxy)$/i;

/** Debian as debootstrap makes it, with pip; no Node, no xz, no git. Removed by `docker image rm`. */
export async function plainImage(tag: string): Promise<void> {
  const [tar, load] = ['tar -C "$1" -c .', 'docker import - "$2"'];
  await runProgram('sh', ['-c', `${tar} | ${load}`, 'sh', await testRoot(), tag]);
}

/** The files of this checkout that git knows or would take, and nothing that was built or installed. */
export async function cleanCopy(to: string): Promise<void> {
  const list = 'git ls-files -z --cached --others --exclude-standard';
  const copy = `${list} | tar --null --ignore-failed-read -c -T - | tar -x -C "$1"`;
  await runProgram('sh', ['-c', copy, 'sh', to], { cwd: CHECKOUT });
}

export interface Container {
  /** Runs a command in it, in the folder /project. */
  run: (command: readonly string[], input?: string) => Promise<Ran>;
  remove: () => Promise<void>;
}

/** A container that only waits: default seccomp profile, no privileges, the host's network, and these options besides. */
export async function startContainer(image: string, options: readonly string[]): Promise<Container> {
  const { env, words } = await handedOver();
  const run = ['run', '--detach', '--network', 'host', ...words, ...options, image, 'sleep', 'infinity'];
  const id = (await runProgram('docker', run, { env })).trim();
  return {
    run: (command, input) =>
      ended(spawn('docker', ['exec', '--interactive', '--workdir', '/project', id, ...command]), input),
    remove: async () => {
      await runProgram('docker', ['rm', '--force', '--volumes', id]);
    },
  };
}

async function handedOver(): Promise<{ env: NodeJS.ProcessEnv; words: string[] }> {
  const registry = (await runProgram('npm', ['config', 'get', 'registry'])).trim();
  const env = { npm_config_registry: registry, LC_ALL: 'C.UTF-8' };
  const names = [...Object.keys(process.env).filter((name) => VARIABLES.test(name)), ...Object.keys(env)];
  const paths = new Map([...SETTINGS, ...(await pipFolders())].map((path) => [path, path]));
  for (const path of OF_HOME) paths.set(join(homedir(), path), join('/root', path));
  const mounts = [...paths].filter(([path]) => existsSync(path));
  return {
    env,
    words: [
      ...names.flatMap((name) => ['--env', name]),
      ...mounts.flatMap(([path, inside]) => ['--volume', `${path}:${inside}:ro`]),
    ],
  };
}

/** Folders of wheels that pip's settings name. */
async function pipFolders(): Promise<string[]> {
  const settings = await runProgram('python3', ['-m', 'pip', 'config', 'list']);
  const paths = [...settings.matchAll(/(?<=[\s'"]|file:\/\/)\/[^\s'",]+/g)].map(([path]) => path);
  return paths.filter((path) => existsSync(path) && statSync(path).isDirectory());
}
