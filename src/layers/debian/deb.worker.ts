import { serveWorker } from '../workerServer.ts';
import { runDebJob, type DebJob } from './debJobs.ts';

serveWorker((job: DebJob) => runDebJob(job));
