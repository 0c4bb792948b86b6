import { canonicalJson, EXIT, isRigError, RigError, silent } from '../kernel/index.ts';
import type { HomeLayout, Progress } from '../kernel/index.ts';
import type { Plan } from '../compat/index.ts';
import type { DebianSources, PythonSources } from '../sources/index.ts';
import type { Spec } from '../spec/index.ts';
import type { Http, Store } from '../store/index.ts';
import { both } from './both.ts';
import { diffLocks } from './diffLocks.ts';
import type { LockChanges } from './diffLocks.ts';
import { knownBase, lockDebian } from './lockDebian.ts';
import { LOCK_FORMAT } from './lockfile.ts';
import type { Lock, LockedDeb, LockedWheel } from './lockfile.ts';
import { lockInputs } from './lockInputs.ts';
import type { LockInputs } from './lockInputs.ts';
import { pythonRequest } from './pythonRequest.ts';
import { resolvePython } from './resolvePython.ts';
import { makeUpgrade } from './upgrade.ts';
import type { Upgrade } from './upgrade.ts';
import { lockDigest } from './writeLock.ts';

/** Where packages come from; each is asked only when it is needed. */
export interface LockSources {
  python(): Promise<PythonSources>;
  debian(): Promise<DebianSources>;
  /** Path of the uv program. */
  uv(): Promise<string>;
}

/** The solver's answer for a spec on a platform. */
export interface PlanChoice {
  /** Null for an environment without torch. */
  plan: Plan | null;
  /** Further PEP 508 requirements that the plan brings (`numpy<2`). */
  constraints?: readonly string[];
}

export interface MakeLockOptions {
  spec: Spec;
  /** Called when the lock before does not settle it: without one, when torch, CUDA, Python or base changed, or on upgrade. */
  plan: () => Promise<PlanChoice> | PlanChoice;
  sources: LockSources;
  http: Http;
  store: Store;
  home: HomeLayout;
  /** Default linux/amd64. */
  platform?: Lock['platform'];
  /** The lock before: its versions are kept where nothing speaks against them. */
  previous?: Lock | undefined;
  /** True: nothing is kept; names: these are not kept. */
  upgrade?: boolean | readonly string[];
  env?: NodeJS.ProcessEnv;
  progress?: Progress;
  signal?: AbortSignal;
}

export interface MadeLock {
  lock: Lock;
  /** Against `previous`. */
  changes: LockChanges;
}

interface Work extends MakeLockOptions {
  inputs: LockInputs;
  platform: Lock['platform'];
  upgrade: never;
  wanted: Upgrade;
  progress: Progress;
  env: NodeJS.ProcessEnv;
}

function checkPython(spec: Spec, plan: Plan | null): void {
  const base = knownBase(spec.base);
  const python = plan?.python ?? spec.python;
  if (base.python === python) return;
  throw new RigError('RIG-LOCK-041', `${spec.base} has Python ${base.python}, not ${python}`, {
    why: "the environment runs on the base's own Python",
    hint: `write python: "${base.python}" in torchrig.yaml`,
    exitCode: EXIT.usage,
    details: { base: spec.base, has: base.python, wanted: python },
  });
}

/** The inputs that the plan follows from. */
const planInputs = ({ torch, cuda, python, base }: Lock['asked']): string =>
  canonicalJson({ torch, cuda, python, base });

async function choosePlan(work: Work): Promise<PlanChoice & { kept: boolean }> {
  const { previous, inputs } = work;
  const isKept =
    previous !== undefined &&
    previous.platform === work.platform &&
    planInputs(previous.asked) === planInputs(inputs.asked) &&
    !work.wanted.touchesPlan;
  if (isKept && canonicalJson(previous.asked) === canonicalJson(inputs.asked))
    return { plan: previous.plan, kept: true };
  const choice = await work.plan();
  // The host may be another one than the lock was made on: what is locked stays, only its further constraints are asked for.
  return isKept ? { ...choice, plan: previous.plan, kept: true } : { ...choice, kept: false };
}

async function pythonPart(work: Work, choice: PlanChoice & { kept: boolean }): Promise<LockedWheel[]> {
  const { previous, inputs, wanted } = work;
  const asked = inputs.asked.packages.python;
  const isSame =
    choice.kept &&
    previous !== undefined &&
    !wanted.touchesPython &&
    canonicalJson(previous.asked.packages.python) === canonicalJson(asked);
  if (isSame) return previous.python;
  const task = 'lock-python';
  work.progress({ kind: 'task', task, label: 'resolving Python packages', unit: 'steps' });
  const known = previous?.python ?? [];
  const wheels = await resolvePython(
    await pythonRequest({ ...work, known, prefer: wanted.keep(known) }, choice),
  );
  work.progress({ kind: 'done', task, note: `${wheels.length} wheels` });
  if (choice.plan === null && wheels.some((wheel) => wheel.name === 'torch'))
    work.progress({
      kind: 'note',
      level: 'warn',
      text: 'a package brings torch, but torchrig.yaml asks for none: write torch: "2.7" there to have it aligned with the driver, torchvision and torchaudio',
    });
  return wheels;
}

async function debianPart(work: Work): Promise<{ debs: LockedDeb[]; date: number }> {
  const { previous, inputs, wanted } = work;
  const isSame =
    previous !== undefined &&
    previous.platform === work.platform &&
    previous.asked.base === inputs.asked.base &&
    !wanted.touchesDebian &&
    canonicalJson(previous.asked.packages.debian) === canonicalJson(inputs.asked.packages.debian);
  const task = 'lock-debian';
  work.progress({ kind: 'task', task, label: 'resolving Debian packages', unit: 'steps' });
  try {
    const made = await lockDebian({
      base: inputs.asked.base,
      asked: inputs.asked.packages.debian,
      platform: work.platform,
      prefer: wanted.keep(previous?.debian ?? []),
      sources: await work.sources.debian(),
      http: work.http,
      store: work.store,
      home: work.home,
      progress: work.progress,
      signal: work.signal,
    });
    work.progress({ kind: 'done', task, note: `${made.debs.length} packages` });
    return made;
  } catch (error) {
    if (!isSame || !isRigError(error) || error.exitCode !== EXIT.source) throw error;
    work.progress({
      kind: 'note',
      level: 'warn',
      text: `the Debian part of the lock is kept unchecked: ${error.message}`,
    });
    return { debs: previous.debian, date: previous.epoch };
  }
}

const pins = (lock: Pick<Lock, 'python' | 'debian'>): string =>
  canonicalJson([
    lock.python.map((each) => each.sha256).sort(),
    lock.debian.map((each) => each.sha256).sort(),
  ]);

/** The epoch follows the Debian indexes, but only when a package changed; the expected image, when nothing at all did. */
function withPast(lock: Lock, previous: Lock | undefined): Lock {
  if (previous === undefined) return lock;
  const kept = pins(lock) === pins(previous) ? { ...lock, epoch: previous.epoch } : lock;
  return lockDigest(kept) === lockDigest(previous) ? { ...kept, image: previous.image } : kept;
}

/**
 * Makes the lock of a spec: the Python part through uv and the Debian part through our resolver, at the same time.
 * The same inputs, package sources and previous lock give the same bytes. What the previous lock pins stays, also on a host
 * with another GPU, unless the spec changed or an upgrade is asked for; then nothing of Python is looked up at all.
 * Throws RIG-LOCK-020..024, -030..042, and what the package sources throw.
 */
export async function makeLock(options: MakeLockOptions): Promise<MadeLock> {
  const inputs = await lockInputs(options.spec);
  const work = {
    ...options,
    inputs,
    platform: options.platform ?? 'linux/amd64',
    wanted: makeUpgrade(options.upgrade ?? false, options.previous),
    progress: options.progress ?? silent,
    env: options.env ?? process.env,
  } as Work;
  checkPython(options.spec, null);
  let plan: Plan | null = null;
  const [python, debian] = await both(options.signal, [
    async (signal) => {
      const choice = await choosePlan(work);
      checkPython(options.spec, choice.plan);
      plan = choice.plan;
      return pythonPart({ ...work, signal }, choice);
    },
    (signal) => debianPart({ ...work, signal }),
  ]);
  const lock: Lock = {
    format: LOCK_FORMAT,
    platform: work.platform,
    epoch: debian.date,
    asked: inputs.asked,
    plan,
    python,
    debian: debian.debs,
    image: null,
  };
  const made = withPast(lock, options.previous);
  return { lock: made, changes: diffLocks(options.previous, made) };
}
