import { EXIT, isRigError, RigError } from '../kernel/index.ts';
import type { HomeLayout } from '../kernel/index.ts';
import type { Plan } from '../compat/index.ts';
import { normalizeName, pythonIndex, uvEnvironment } from '../sources/index.ts';
import type { PythonSources } from '../sources/index.ts';
import type { Http } from '../store/index.ts';
import type { LockedWheel } from './lockfile.ts';
import { addOtherPlaces } from './otherPlaces.ts';
import type { PylockPackage, PylockWheel } from './pylock.ts';
import { uvCompile } from './uvCompile.ts';
import { withoutHiddenSettings } from './uvVariables.ts';
import { wheelSizes } from './wheelSizes.ts';
import { chooseWheel, rankTags } from './wheelTags.ts';
import type { WheelTarget } from './wheelTags.ts';

export interface PythonRequest {
  /** PEP 508, without torch. */
  wanted: readonly string[];
  constraints: readonly string[];
  /** Normalised name -> sha256 that the requirements file allows. */
  hashes: ReadonlyMap<string, ReadonlySet<string>>;
  plan: Plan | null;
  target: WheelTarget;
  /** Wheels of the lock before; the versions of those in `prefer` are kept where nothing speaks against them. */
  known: readonly LockedWheel[];
  prefer: readonly LockedWheel[];
  uv: string;
  sources: PythonSources;
  http: Http;
  home: HomeLayout;
  env: NodeJS.ProcessEnv;
  timeout?: number;
  signal?: AbortSignal | undefined;
}

/**
 * The aligned set as exact requirements. `tag` is the local version of a build (`+cu118`); without one the index's default build
 * is meant: `===` because `==2.7.1` also takes 2.7.1+cu118 (PEP 440, "Version matching", "Arbitrary equality").
 */
function planRequirements(plan: Plan | null, tag: string): { wanted: string[]; constraints: string[] } {
  if (plan === null) return { wanted: [], constraints: [] };
  const exactly = tag === '' ? '===' : '==';
  const pin = (name: string, version: string | null): string[] =>
    version === null ? [] : [`${name}${exactly}${version}${tag}`];
  return {
    wanted: [
      ...pin('torch', plan.torch),
      ...pin('torchvision', plan.torchvision),
      ...pin('torchaudio', plan.torchaudio),
    ],
    constraints: plan.triton === null ? [] : [`triton==${plan.triton}`],
  };
}

/** What speaks against a resolution being the plan's variant; undefined when it is. */
export function variantMismatch(packages: readonly PylockPackage[], plan: Plan): string | undefined {
  const versions = new Map(packages.map((each) => [normalizeName(each.name), each.version ?? '']));
  const tag = /\+(.+)$/.exec(versions.get('torch') ?? '')?.[1];
  if (tag !== undefined) return tag === plan.variant ? undefined : `torch is the ${tag} build`;
  if (plan.variant === 'cpu') {
    const cuda = [...versions.keys()].find((name) => name.startsWith('nvidia-'));
    return cuda === undefined ? undefined : `torch brings ${cuda}`;
  }
  for (const [name, version] of Object.entries(plan.nvidia)) {
    const found = versions.get(normalizeName(name));
    if (found !== version) return `${name} is ${found ?? 'not among its dependencies'}, not ${version}`;
  }
  return undefined;
}

/**
 * uv goes on without an index that refuses (401, 403) and then says that a package does not exist. Asking for that package
 * ourselves tells the difference: RIG-SOURCES-002 instead of a wrong conclusion.
 */
async function checkRefusal(error: unknown, request: PythonRequest): Promise<void> {
  const missing =
    isRigError(error) && error.code === 'RIG-LOCK-032'
      ? /Because ([a-z0-9][a-z0-9-]*) was not found in/.exec(error.why ?? '')?.[1]
      : undefined;
  if (missing !== undefined) await pythonIndex(request.sources, request.http).files(missing);
}

async function compile(request: PythonRequest, tag: string): Promise<PylockPackage[]> {
  const { wanted, constraints } = planRequirements(request.plan, tag);
  const { env, args } = uvEnvironment(request.sources, withoutHiddenSettings(request.env), request.home);
  try {
    return await uvCompile({
      uv: request.uv,
      env,
      args,
      wanted: [...request.wanted, ...wanted],
      constraints: [...request.constraints, ...constraints],
      prefer: request.prefer,
      target: request.target,
      signal: request.signal,
      ...(request.timeout === undefined ? {} : { timeout: request.timeout }),
    });
  } catch (error) {
    await checkRefusal(error, request);
    throw error;
  }
}

function notServed(plan: Plan, why: string): RigError {
  return new RigError(
    'RIG-LOCK-036',
    `the package index here does not serve torch ${plan.torch} as ${plan.variant}`,
    {
      why,
      hint: 'write `cuda: auto` in torchrig.yaml, or add an index that has this build to pip (pip config set global.extra-index-url ADDRESS)',
      exitCode: EXIT.incompatible,
      details: { torch: plan.torch, variant: plan.variant },
    },
  );
}

/** Whether uv's reason is that the index has no such build of the aligned set. */
function isMissingBuild(error: unknown): boolean {
  return (
    isRigError(error) &&
    error.code === 'RIG-LOCK-032' &&
    /no versions? of torch(vision|audio)?={2,3}/.test(error.why ?? '')
  );
}

/** Resolves the index's default build of torch; where the plan means another one, again with that build's local version. */
async function compileVariant(request: PythonRequest): Promise<PylockPackage[]> {
  const { plan } = request;
  if (plan === null) return compile(request, '');
  let why = 'the index has no default build of this release';
  try {
    const packages = await compile(request, '');
    const mismatch = variantMismatch(packages, plan);
    if (mismatch === undefined) return packages;
    why = mismatch;
  } catch (error) {
    if (!isMissingBuild(error)) throw error;
  }
  const tagged = await compile(request, `+${plan.variant}`).catch((error: unknown) => {
    throw isMissingBuild(error) ? notServed(plan, why) : error;
  });
  const mismatch = variantMismatch(tagged, plan);
  if (mismatch !== undefined) throw notServed(plan, mismatch);
  return tagged;
}

function pickWheel(
  each: PylockPackage,
  ranks: ReadonlyMap<string, number>,
  target: WheelTarget,
): PylockWheel & { sha256: string } {
  if (each.foreign !== undefined || each.version === undefined)
    throw new RigError(
      'RIG-LOCK-031',
      `${each.name} cannot be locked: it comes from ${each.foreign ?? 'nowhere'}`,
      {
        hint: 'ask for it by name and version',
        exitCode: EXIT.usage,
      },
    );
  const chosen = chooseWheel(each.wheels, ranks);
  if (!chosen)
    throw new RigError(
      'RIG-LOCK-033',
      `${each.name} ${each.version} has no wheel for Python ${target.python} on ${target.platform}`,
      {
        why:
          each.wheels.length === 0
            ? 'only its source is published'
            : `published: ${each.wheels.map((wheel) => wheel.file).join(', ')}`,
        hint: `ask for another version, or build a wheel of ${each.name} and serve it through find-links`,
        details: { package: each.name, version: each.version },
      },
    );
  if (chosen.sha256 === undefined)
    throw new RigError('RIG-LOCK-037', `the package index gives no sha256 for ${chosen.file}`, {
      why: 'a lock without hashes would trust whatever is served later',
      hint: 'use an index that publishes sha256 (the simple API of PEP 503 or PEP 691)',
      exitCode: EXIT.source,
    });
  return { ...chosen, sha256: chosen.sha256 };
}

function notAllowed(name: string, wheel: { file: string; sha256: string }): RigError {
  return new RigError(
    'RIG-LOCK-038',
    `${wheel.file} is not one of the files that the requirements file allows for ${name}`,
    {
      why: `the index has it with sha256 ${wheel.sha256}`,
      hint: 'correct the hashes in the requirements file, or leave them out: the lock records its own',
    },
  );
}

/**
 * The Python part of a lock, sorted by name: exactly one wheel a package, the one pip would take.
 * Throws what `uvCompile` throws, RIG-LOCK-031, -033, -036 (variant not served), -037 (no hash), -038 (a hash the
 * requirements file does not allow).
 */
export async function resolvePython(request: PythonRequest): Promise<LockedWheel[]> {
  if (request.wanted.length === 0 && request.plan === null) return [];
  const packages = await addOtherPlaces(await compileVariant(request), request);
  const ranks = rankTags(request.target);
  const picked = packages.map((each) => {
    const name = normalizeName(each.name);
    const wheel = pickWheel(withAllowed(each, request.hashes), ranks, request.target);
    const allowed = request.hashes.get(name);
    if (allowed && !allowed.has(wheel.sha256)) throw notAllowed(name, wheel);
    const { file, sha256, size, where } = wheel;
    return { name, version: each.version ?? '', file, sha256, size, where };
  });
  const known = new Map(request.known.map((wheel) => [wheel.sha256, wheel.size]));
  const sizes = await wheelSizes(picked, { ...request, known });
  return picked
    .map(({ name, version, file, sha256 }) => ({ name, version, file, size: sizes.get(sha256) ?? 0, sha256 }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Where the requirements file allows some of the wheels only, the choice is among those. */
function withAllowed(each: PylockPackage, hashes: PythonRequest['hashes']): PylockPackage {
  const allowed = hashes.get(normalizeName(each.name));
  const fitting = allowed
    ? each.wheels.filter((wheel) => wheel.sha256 !== undefined && allowed.has(wheel.sha256))
    : [];
  return fitting.length > 0 ? { ...each, wheels: fitting } : each;
}
