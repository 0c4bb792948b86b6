import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { openDeb } from './debArchive.ts';
import { readControlTar, type ControlFiles } from './controlTar.ts';
import { damagedDeb } from './refusals.ts';
import { unpackDeb, type Unpacked, type UnpackJob } from './unpackDeb.ts';

/** What a worker thread does with one .deb. */
export type DebJob = ({ kind: 'inspectDeb' } & InspectJob) | ({ kind: 'unpackDeb' } & UnpackJob);

export interface InspectJob {
  debPath: string;
  label: string;
  /** 64 hex the file must have. */
  sha256: string;
}

/** Checks the hash of the file, then reads its control member: nothing in it is looked at before it is known to be the locked one. */
async function inspectDeb({ debPath, label, sha256 }: InspectJob): Promise<ControlFiles> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(debPath, { highWaterMark: 1 << 20 }))
    hash.update(chunk as Buffer);
  if (hash.digest('hex') !== sha256) throw damagedDeb(label, 'its sha256 is not the locked one');
  return readControlTar(await openDeb(debPath, label));
}

/** Runs one job; layers.worker.ts calls it. */
export function runDebJob(job: DebJob): Promise<ControlFiles | Unpacked> {
  return job.kind === 'inspectDeb' ? inspectDeb(job) : unpackDeb(job);
}
