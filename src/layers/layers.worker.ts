import { runDebJob, type DebJob } from './debian/debJobs.ts';
import { deflateFiles, type DeflateJob } from './deflateTree.ts';
import { hashLayer, type HashJob } from './hashLayer.ts';
import { linkTrees, type LinkJob } from './linkTrees.ts';
import { settleTree, type SettleJob } from './settleTree.ts';
import { unpackEntries, type UnpackJob } from './unpackEntries.ts';
import { serveWorker } from './workerServer.ts';

/** Work that this room gives to threads. */
export type LayersJob = DebJob | UnpackJob | SettleJob | LinkJob | DeflateJob | HashJob;

serveWorker((job: LayersJob) => {
  switch (job.kind) {
    case 'unpack':
      return unpackEntries(job);
    case 'settle':
      return settleTree(job);
    case 'link':
      return linkTrees(job);
    case 'deflate':
      return deflateFiles(job);
    case 'inspectDeb':
    case 'unpackDeb':
      return runDebJob(job);
    case 'hash':
      return hashLayer(job);
  }
});
