import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest, HomeLayout } from '../kernel/index.ts';
import { canonicalJson, errnoOf, sha256Hex, writeFileAtomic } from '../kernel/index.ts';
import type { HostFacts } from '../host/index.ts';
import type { Verification } from './verification.ts';

/** Raised when the checks change: an older result then no longer counts. */
const CACHE_FORMAT = 1;

/**
 * A verification holds for one image on one machine as it is, under one engine. `host`: its facts, or, quicker,
 * hostFingerprint(). The machine's memory, disk and cores do not count: they change from run to run and decide nothing that is
 * checked. A limit that does belongs to `engine`.
 */
export function verificationKey(image: Digest, host: HostFacts | string, engine: string): string {
  const machine =
    typeof host === 'string'
      ? host
      : {
          kernel: host.system.kernel,
          arch: host.system.arch,
          driver: host.driver,
          gpus: host.gpus.map(({ uuid, name, pci }) => ({ uuid, name, pci })),
          cpu: host.cpu.model,
        };
  return sha256Hex(canonicalJson({ format: CACHE_FORMAT, image, engine, machine }));
}

function fileOf(layout: HomeLayout, key: string): string {
  return join(layout.cache, 'verified', `${key}.json`);
}

/** An earlier good result, marked as cached; undefined when there is none or it cannot be read. */
export async function readVerification(layout: HomeLayout, key: string): Promise<Verification | undefined> {
  try {
    const kept = JSON.parse(await readFile(fileOf(layout, key), 'utf8')) as Verification;
    return kept.ok ? { ...kept, cached: true } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}

/** Keeps a good result; a bad one is forgotten, so that the next start looks again. */
export async function writeVerification(
  layout: HomeLayout,
  key: string,
  result: Verification,
): Promise<void> {
  if (result.ok) await writeFileAtomic(fileOf(layout, key), JSON.stringify(result));
  else await rm(fileOf(layout, key), { force: true });
}
