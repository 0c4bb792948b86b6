import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NAME, flushed, rig, rigJson, settled, warmed } from './bench.ts';
import type { Bench, RigOptions } from './bench.ts';
import { answered, freePort, rigToken } from './jupyter.ts';

export interface UpMeasured {
  /** Spawn of the command to Jupyter's first 200. */
  answerSeconds: number;
  /** Spawn to exit: with verification. */
  commandSeconds: number;
  timings: Record<string, number>;
  bytesFetched: number;
}

interface UpDocument {
  timings: Record<string, number>;
  bytesFetched: number;
}

/** `rig up`, with a watch on its Jupyter from outside: the same question as the peer is asked, in the same rhythm. */
export async function measuredUp(bench: Bench, options: RigOptions = {}): Promise<UpMeasured> {
  const port = await freePort();
  const stop = new AbortController();
  const answer = answered(port, rigToken(bench), stop.signal);
  answer.catch(() => {});
  const { data, seconds } = await rigJson(bench, ['up', NAME, '--jupyter-port', String(port)], options);
  // It has answered before the command ends; a moment more is for the last poll.
  setTimeout(() => stop.abort(new Error('rig up ended, and its Jupyter does not answer')), 5000).unref();
  const { timings, bytesFetched } = data as UpDocument;
  return { answerSeconds: await answer, commandSeconds: seconds, timings, bytesFetched };
}

/** The environment runs, its byte code is warm, and nothing goes on in the background. */
export async function ensureUp(bench: Bench): Promise<void> {
  if (!existsSync(join(bench.home, 'envs', NAME))) bench.say('making the environment');
  await rig(bench, ['up', NAME]);
  await settled(bench, bench.home);
  await warmed(bench);
  await flushed();
}
