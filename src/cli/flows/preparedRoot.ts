import type { ImageConfig as EngineConfig } from '../../engine/index.ts';
import type { ImageConfig } from '../../image/index.ts';
import type { Digest, HomeLayout } from '../../kernel/index.ts';
import type { Lock } from '../../lock/index.ts';
import { imageDefaults } from '../../workspace/index.ts';
import { recall } from './preparedRecord.ts';

/** The image of a lock, ready to run in the sandbox. */
export interface PreparedRoot {
  digest: Digest;
  /** Folder of the merged root file system. */
  lower: string;
  config: EngineConfig;
  bytesFetched: number;
  fetchMs: number;
  imageMs: number;
  /** False when all of it was there. */
  made: boolean;
}

/** What an earlier call made of the lock. Apart from the making (prepare.ts), of which a running environment needs nothing. */
export async function recalledRoot(home: HomeLayout, lock: Lock): Promise<PreparedRoot | undefined> {
  const known = await recall(home, lock);
  if (!known) return undefined;
  const { digest, lower } = known;
  const nothing = { bytesFetched: 0, fetchMs: 0, imageMs: 0, made: false };
  return { digest, lower, config: engineConfig(lock), ...nothing };
}

/** A function of the lock alone, as everything in an image. */
export function imageConfig(lock: Lock): ImageConfig {
  const { env, entrypoint, cmd, workdir, exposedPorts, labels, stopSignal } = imageDefaults();
  const plan = lock.plan;
  const versions: Record<string, string> = plan
    ? { 'org.torchrig.torch': `${plan.torch}+${plan.variant}`, 'org.torchrig.python': plan.python }
    : { 'org.torchrig.python': lock.asked.python };
  return {
    platform: lock.platform,
    env,
    entrypoint,
    cmd,
    workdir,
    exposedPorts,
    labels: { ...labels, ...versions },
    stopSignal,
  };
}

/** The same in the engine's terms. */
export function engineConfig(lock: Lock): EngineConfig {
  const { env = {}, entrypoint = [], cmd = [], workdir = '/' } = imageConfig(lock);
  return {
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    entrypoint: [...entrypoint],
    cmd: [...cmd],
    workdir,
  };
}
