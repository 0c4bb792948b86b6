import { join } from 'node:path';
import { RigError } from '../kernel/index.ts';

/** Where the parts of one environment lie: `TORCHRIG_HOME/envs/NAME`, mode 0700. */
export interface EnvironmentFolder {
  name: string;
  root: string;
  /** What was asked and decided; written by us before a start. */
  state: string;
  /** Who the running init is; written by itself as its first act. */
  box: string;
  /** There when everything was mounted. */
  ready: string;
  /** `CODE SECONDS` of the main command. */
  exit: string;
  /** Process number of the supervisor. */
  supervisor: string;
  log: string;
  /** Held by this process while it changes the environment. */
  lock: string;
  /** Held by everything inside as long as it lives: an upper layer is never mounted twice. */
  boxLock: string;
  bootScript: string;
  superviseScript: string;
  /** Files to be placed inside at start. */
  place: string;
  /** Mount point of the overlay, in the environment's own mount namespace only. */
  mount: string;
  /** Writable layers, one folder an image. */
  layers: string;
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/i;

/** Throws RIG-ENGINE-001 for a name that is not a plain file name. */
export function environmentFolder(envs: string, name: string): EnvironmentFolder {
  if (!NAME.test(name)) {
    throw new RigError('RIG-ENGINE-001', `"${name}" is not a name for an environment`, {
      why: 'a name starts with a letter or digit and has up to 63 letters, digits, "-", "_" or "."',
      hint: 'give another name: rig up my-lab',
      exitCode: 2,
    });
  }
  const root = join(envs, name);
  const at = (file: string): string => join(root, file);
  return {
    name,
    root,
    state: at('state.json'),
    box: at('box'),
    ready: at('ready'),
    exit: at('exit'),
    supervisor: at('supervisor'),
    log: at('log'),
    lock: at('lock'),
    boxLock: at('box.lock'),
    bootScript: at('boot.sh'),
    superviseScript: at('supervise.sh'),
    place: at('place'),
    mount: at('m'),
    layers: at('layers'),
  };
}

/** The writable layer of one image in this environment; switching images loses nothing until a purge. */
export function writableLayer(
  folder: EnvironmentFolder,
  imageDigest: string,
): { upper: string; work: string; root: string } {
  const root = join(folder.layers, imageDigest.replace(/^sha256:/, '').slice(0, 16));
  return { root, upper: join(root, 'u'), work: join(root, 'w') };
}
