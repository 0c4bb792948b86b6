import type { EnvironmentStatus } from '../../engine/index.ts';
import { prepareHome } from '../../kernel/index.ts';
import type { Digest } from '../../kernel/index.ts';
import { lockDigest } from '../../lock/index.ts';
import type { Lock } from '../../lock/index.ts';
import type { LoadedSpec } from '../../spec/index.ts';
import type { Call } from '../outcome.ts';
import { autoReason, engineFor, layoutOf } from './environment.ts';
import { lockFor } from './lockFor.ts';
import { readOwn } from './ownVerification.ts';
import { recalledRoot } from './preparedRoot.ts';
import type { PreparedRoot } from './preparedRoot.ts';
import { changedSettings } from './runSettings.ts';
import type { Subject, UpVerification } from './verification.ts';
import { settleInBackground } from './settle.ts';

/** `rig up --json` (contract). */
export interface UpResult {
  name: string;
  engine: string;
  engineReason: string;
  alreadyRunning: boolean;
  image: { digest: string; ref: string };
  lock: { digest: Digest; builtin: boolean };
  workspace: string;
  jupyter: { url: string } | null;
  ssh: null;
  verification: UpVerification;
  notices: string[];
  timings: { fetchMs: number; imageMs: number; startMs: number; verifyMs: number; totalMs: number };
  bytesFetched: number;
}

export interface UpWish {
  engine: string;
  /** Verify even when it was done before. */
  verify: boolean;
  force: boolean;
}

/**
 * Everything from a spec to a verified, running environment. Each step is skipped where its result is there, and what does it is not
 * even loaded: that is most of what a call costs when the environment runs already.
 */
export async function bringUp(call: Call, loaded: LoadedSpec, wish: UpWish): Promise<UpResult> {
  const began = performance.now();
  const { spec, name } = loaded;
  const { engine } = engineFor(call, wish.engine);
  const reason = autoReason(call, wish.engine);
  await prepareHome(layoutOf(call).root);
  const [found, status] = await Promise.all([lockFor(call, loaded, wish), engine.status(name)]);
  const isOurs = status.state === 'running' && status.labels['lock'] === lockDigest(found);
  if (!isOurs) await (await import('./checkMachine.ts')).checkMachine(call, found, wish.force);
  const { lock, result: prepared } = await rootOf(call, loaded, found);
  const running = isOurs && status.imageDigest === prepared.digest;
  if (status.state === 'running' && !running) {
    call.say(`${name} runs another image: stopping it first (its installed files stay with that image)`);
    await engine.stop(name);
  }
  const startBegan = performance.now();
  const { ports, notices, mode, isNew } = running
    ? { ports: status.ports, notices: noticesOf(loaded, status), mode: status.mode, isNew: false }
    : await (
        await import('./startEnvironment.ts')
      ).startEnvironment(call, { engine, loaded, lock, prepared });
  const startMs = Math.round(performance.now() - startBegan);
  const verifyBegan = performance.now();
  const subject = {
    engine,
    name,
    lock,
    digest: prepared.digest,
    mode: mode ?? 'sandbox',
    jupyterPort: ports['jupyter'],
    gpus: spec.gpus,
  };
  const own = running && !wish.verify ? await readOwn(layoutOf(call), subject) : undefined;
  const verification = own ?? (await verificationOf(call, subject, wish));
  // Under proot a command returns only when its last child does, so nothing can be left behind.
  if (isNew && mode !== 'proot') await (await import('./warm.ts')).warmInBackground(engine, name);
  if (prepared.made) settleInBackground(call.env);
  return {
    name,
    engine: engine.name,
    engineReason: `${await reason}; sandbox: ${mode ?? 'running'}`,
    alreadyRunning: running,
    image: { digest: prepared.digest, ref: refOf(loaded) },
    lock: { digest: lockDigest(lock), builtin: loaded.builtin },
    workspace: spec.workspace,
    jupyter: ports['jupyter'] === undefined ? null : { url: `http://127.0.0.1:${ports['jupyter']}/lab` },
    ssh: null,
    verification,
    notices,
    timings: {
      fetchMs: prepared.fetchMs,
      imageMs: prepared.imageMs,
      startMs,
      verifyMs: Math.round(performance.now() - verifyBegan),
      totalMs: Math.round(performance.now() - began),
    },
    bytesFetched: prepared.bytesFetched,
  };
}

/** Those of the start, and what was asked for since: a restart would end the work that goes on inside, so it is left to the user. */
function noticesOf({ spec }: LoadedSpec, { labels, notices }: EnvironmentStatus): string[] {
  const changed = changedSettings(spec, labels['settings']);
  if (changed.length === 0) return notices;
  const verb = changed.length === 1 ? 'is' : 'are';
  return [
    ...notices,
    `${changed.join(', ')} ${verb} not what it was started with; to apply: rig down && rig up`,
  ];
}

async function rootOf(
  call: Call,
  loaded: LoadedSpec,
  lock: Lock,
): Promise<{ lock: Lock; result: PreparedRoot }> {
  const known = await recalledRoot(layoutOf(call), lock);
  if (known) return { lock, result: known };
  const { prepareRoot } = await import('./prepare.ts');
  const { withRenewal } = await import('./renewPreset.ts');
  return withRenewal(call, { loaded, lock }, (each) => prepareRoot(call, each));
}

async function verificationOf(call: Call, subject: Subject, { verify }: UpWish): Promise<UpVerification> {
  const { knownVerification, verifyRunning } = await import('./verification.ts');
  return (verify ? undefined : await knownVerification(call, subject)) ?? verifyRunning(call, subject);
}

function refOf({ builtin, spec, name }: LoadedSpec): string {
  return builtin && spec.preset ? `pytorch-cuda:${spec.preset}` : `${name}:latest`;
}
