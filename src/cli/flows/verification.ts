import {
  isTight,
  readVerification,
  verificationKey,
  verifyEnvironment,
  writeVerification,
} from '../../doctor/index.ts';
import type { ExecInside, Verification } from '../../doctor/index.ts';
import type { Engine } from '../../engine/index.ts';
import { gatherHostFacts, hostFingerprint, localReader, memoryLimit } from '../../host/index.ts';
import type { HostFacts } from '../../host/index.ts';
import { messageOf } from '../../kernel/index.ts';
import type { Digest, HomeLayout } from '../../kernel/index.ts';
import type { Lock } from '../../lock/index.ts';
import type { Spec } from '../../spec/index.ts';
import { jupyterRoundTrip, readToken } from '../../workspace/index.ts';
import type { Call } from '../outcome.ts';
import { layoutOf, tokenPath } from './environment.ts';
import { writeOwn } from './ownVerification.ts';

/** The verification of an environment, and of a kernel through its Jupyter. */
export type UpVerification = Verification & {
  jupyter: { ok: boolean; ms: number; problem: string | null } | null;
};

/** A running environment and what it should be. */
export interface Subject {
  engine: Engine;
  name: string;
  lock: Lock;
  digest: Digest;
  /** How it is isolated: another way is another thing to verify. */
  mode: string;
  jupyterPort: number | undefined;
  gpus: Spec['gpus'];
}

type VerifyCall = Pick<Call, 'env' | 'signal' | 'progress'>;

/** An earlier good result of the same image on this machine as it is now: costs a look at the machine. */
export async function knownVerification(
  call: VerifyCall,
  subject: Subject,
): Promise<UpVerification | undefined> {
  const home = layoutOf(call);
  const [machine, limit] = await Promise.all([hostFingerprint(), memoryLimitOf(subject)]);
  const key = keyOf(subject, machine, limit);
  const known = (await readVerification(home, key)) as UpVerification | undefined;
  if (known) await writeOwn(home, subject, known);
  return known;
}

/** Does the real work inside, and keeps the result. */
export async function verifyRunning(call: VerifyCall, subject: Subject): Promise<UpVerification> {
  const home = layoutOf(call);
  const task = 'verify';
  call.progress({ kind: 'task', task, label: 'verifying by real work', unit: 'steps' });
  const limit = memoryLimitOf(subject);
  const [inside, jupyter, machine] = await Promise.all([
    Promise.all([gatherHostFacts({ home: home.root }), limit]).then(([host, memoryLimit]) =>
      verifyEnvironment({
        exec: execInside(subject, call.signal),
        lock: subject.lock,
        gpus: gpusGiven(host, subject.gpus),
        host,
        memoryLimit,
      }),
    ),
    kernelCheck(home, subject),
    hostFingerprint(),
  ]);
  const result: UpVerification = withKernel(inside, jupyter);
  call.progress({ kind: 'done', task, ...(result.ok ? {} : { note: 'failed', failed: true }) });
  await writeVerification(home, keyOf(subject, machine, await limit), result);
  await writeOwn(home, subject, result);
  return result;
}

/** Under a tight memory limit an image is another thing to verify. */
function keyOf({ digest, mode }: Subject, machine: string, limit: number | null): string {
  return verificationKey(digest, machine, isTight(limit) ? `${mode}, ${limit} bytes of memory` : mode);
}

/** How many GPUs torch must see. */
function gpusGiven({ gpus }: HostFacts, wish: Spec['gpus']): number {
  if (wish === 'none') return 0;
  if (wish !== 'all') return wish.length;
  return gpus.filter(({ boundTo }) => boundTo === 'nvidia').length;
}

/** What a cgroup allows the environment, in bytes. */
async function memoryLimitOf({ engine, name }: Subject): Promise<number | null> {
  const { pid } = await engine.status(name);
  return pid === undefined ? null : memoryLimit(localReader(), pid);
}

function withKernel(inside: Verification, jupyter: UpVerification['jupyter']): UpVerification {
  if (jupyter === null || jupyter.ok) return { ...inside, jupyter };
  // A kernel that the machine has no memory for says nothing of Jupyter.
  if (inside.findings.some(({ id, severity }) => id === 'memory-low' && severity === 'fail')) {
    return { ...inside, ok: false, jupyter };
  }
  const finding = {
    id: 'jupyter-kernel',
    severity: 'fail' as const,
    title: 'a Jupyter kernel does not work',
    evidence: jupyter.problem ?? '',
    remedy: 'rig logs',
    docs: 'docs/doctor.md#jupyter-kernel',
  };
  return { ...inside, ok: false, findings: [finding, ...inside.findings], jupyter };
}

async function kernelCheck(
  home: HomeLayout,
  { name, lock, jupyterPort }: Subject,
): Promise<UpVerification['jupyter']> {
  const token = await readToken(tokenPath(home, name));
  if (jupyterPort === undefined || token === undefined) return null;
  const started = performance.now();
  const code = lock.plan ? 'import torch; print(torch.__version__)' : 'import sys; print(sys.version)';
  try {
    await jupyterRoundTrip({ port: jupyterPort, token, code });
    return { ok: true, ms: Math.round(performance.now() - started), problem: null };
  } catch (error) {
    return { ok: false, ms: Math.round(performance.now() - started), problem: messageOf(error) };
  }
}

/** Runs a program inside with text on its stdin and collects what it prints. */
export function execInside(
  { engine, name }: Pick<Subject, 'engine' | 'name'>,
  signal: AbortSignal,
): ExecInside {
  return async (command, { input, timeout }) => {
    const limit = AbortSignal.timeout(timeout);
    const child = await engine.spawn(name, {
      command: [...command],
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: AbortSignal.any([signal, limit]),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const code = await new Promise<number | null>((done, fail) => {
      child.once('error', fail);
      child.once('close', done);
    });
    signal.throwIfAborted();
    return {
      code,
      stdout: Buffer.concat(out).toString(),
      stderr: Buffer.concat(err).toString(),
      timedOut: limit.aborted,
    };
  };
}
