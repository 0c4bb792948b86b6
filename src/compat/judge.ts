import pep440 from '@renovatebot/pep440';
import { coverage } from './architectures.ts';
import type { Candidate } from './candidates.ts';
import { forwardBranches, isConsumer } from './driverView.ts';
import type { DriverView } from './driverView.ts';
import type { Reason, SolveGpu, SolveHost, SolveOptions, SolveRequest } from './solveTypes.ts';
import type { CompatTables, Feature } from './tables.ts';
import { compareDotted, driverReaches, major, majorMinor, smName } from './versions.ts';

/** Everything that a rule may look at. */
export interface Context {
  request: SolveRequest;
  host: SolveHost;
  /** GPUs that a driver serves: empty where there is none. */
  gpus: readonly SolveGpu[];
  driver: DriverView;
  tables: CompatTables;
  options: SolveOptions;
}

type Rule = (candidate: Candidate, context: Context) => Reason | undefined;

const platformRule: Rule = ({ build, variant }, { host }) =>
  build ? undefined : { code: 'platform', why: `no ${variant} wheel for ${host.platform}` };

const servedRule: Rule = ({ release, variant }, { options }) => {
  if (options.served === undefined) return undefined;
  const variants = options.served.get(release.version);
  if (variants?.has(variant)) return undefined;
  const others =
    variants && variants.size > 0 ? ` (of torch ${release.version} it has ${[...variants].join(', ')})` : '';
  return { code: 'not-served', why: `the package source here does not serve it${others}` };
};

const pythonRule: Rule = ({ release }, { request }) => {
  const { python } = request;
  if (python === undefined) return undefined;
  const { min, max } = release.python;
  if (compareDotted(python, min) >= 0 && compareDotted(python, max) <= 0) return undefined;
  return { code: 'python', why: `wants Python ${min} to ${max}, not ${python}` };
};

const glibcRule: Rule = ({ build }, { host }) => {
  if (build === undefined || host.glibc === undefined || compareDotted(host.glibc, build.glibc) >= 0)
    return undefined;
  return { code: 'glibc', why: `wants glibc ${build.glibc} or newer, here is ${host.glibc}` };
};

const companionRule: Rule = ({ release }, { request }) => {
  const missing = request.companions?.find((name) => release[name] === null);
  return (
    missing && {
      code: 'companion',
      why: `${missing} was asked for and has no release for torch ${release.version}`,
    }
  );
};

const lowerBoundRule: Rule = ({ release }, { request }) => {
  const bound = request.lowerBounds?.find(({ specifier }) => !pep440.satisfies(release.version, specifier));
  return bound && { code: 'lower-bound', why: `${bound.package} wants torch${bound.specifier}` };
};

const jetsonRule: Rule = ({ cuda }, { gpus }) => {
  const jetson = cuda && gpus.find((gpu) => ['5.3', '6.2', '7.2', '8.7'].includes(gpu.computeCapability));
  return (
    jetson && {
      code: 'jetson',
      why: `${jetson.name} is a Jetson: its integrated GPU needs the torch wheels that NVIDIA builds for JetPack, these are for cards`,
    }
  );
};

/** The driver reaches the floor of the CUDA major version, or the forward-compatibility package bridges it. */
const driverRule: Rule = ({ cuda }, { driver, host, tables, options }) => {
  if (cuda === undefined || driver.state !== 'present' || driver.version === undefined) return undefined;
  if (driver.broken) return driver.broken;
  const floor = tables.drivers.floors.find((row) => row.cudaMajor === major(cuda.cuda));
  if (floor === undefined)
    return {
      code: 'driver-floor',
      why: `the lowest driver of CUDA ${major(cuda.cuda)} is not known; \`rig compat update\` may bring it`,
    };
  if (driverReaches(driver.version, floor.driver)) return undefined;
  const why = `CUDA ${majorMinor(cuda.cuda)} wants driver ${floor.driver} or newer, here is ${driver.version}`;
  const minor = majorMinor(cuda.cuda);
  const branches = forwardBranches(minor, tables.drivers);
  const kernel = driver.kernelModule ?? driver.version;
  if (host.gpus.length === 0 || host.gpus.some(isConsumer) || !branches?.includes(major(kernel)))
    return { code: 'driver-floor', why };
  if (options.forwardCompatibility === true) return undefined;
  return {
    code: 'driver-floor',
    why: `${why} (or NVIDIA's package cuda-compat-${minor.replace('.', '-')} beside torch, on this data-centre GPU)`,
  };
};

const generationRule: Rule = ({ cuda }, { gpus, driver, tables }) => {
  const kernel = driver.kernelModule ?? driver.version;
  if (cuda === undefined || kernel === undefined) return undefined;
  for (const gpu of gpus) {
    const last = tables.drivers.lastBranch.find((row) => compareDotted(gpu.computeCapability, row.below) < 0);
    if (last && major(kernel) > last.branch)
      return {
        code: 'driver-too-new',
        why: `driver ${kernel} no longer knows ${gpu.name}: ${last.branch} is the last branch for ${last.families}`,
      };
    const first = tables.drivers.firstBranch.find((row) => row.computeCapability === gpu.computeCapability);
    if (first && major(kernel) < first.branch)
      return {
        code: 'driver-unaware',
        why: `driver ${kernel} does not know ${gpu.name} yet: the first branch for it is ${first.branch}`,
      };
  }
  return undefined;
};

function noCode(candidate: Candidate, gpu: SolveGpu, tables: CompatTables): Reason {
  const { cuda, build } = candidate;
  const list = build?.architectures ?? [];
  const ptx = build?.ptx ? `PTX for ${build.ptx}` : 'no PTX';
  const minimum = tables.drivers.toolkitMinimum.find((row) => cuda && row.cudaMajor === major(cuda.cuda));
  const dropped =
    minimum && compareDotted(gpu.computeCapability, minimum.computeCapability) < 0
      ? `; CUDA ${minimum.cudaMajor} builds for nothing below ${minimum.computeCapability}`
      : '';
  return {
    code: 'architecture',
    why: `has no ${smName(gpu.computeCapability)} code for ${gpu.name}: it was compiled for ${list.join(', ')} with ${ptx}${dropped}`,
  };
}

const architectureRule: Rule = (candidate, { gpus, driver, host, tables }) => {
  const { cuda, build } = candidate;
  if (cuda === undefined || build === undefined) return undefined;
  for (const gpu of gpus) {
    const how = coverage(build, gpu.computeCapability);
    if (how === 'none') return noCode(candidate, gpu, tables);
    if (how === 'unknown')
      return {
        code: 'architecture-unknown',
        why: `for which GPUs its ${host.platform} wheel was compiled is not known; \`rig compat learn torch==${candidate.release.version}\` reads it`,
      };
    if (
      how === 'ptx' &&
      driver.state === 'present' &&
      compareDotted(driver.cuda ?? '0', majorMinor(cuda.cuda)) < 0
    )
      return {
        code: 'ptx-toolchain',
        why: `${gpu.name} would run its PTX, which driver ${driver.version} (CUDA ${driver.cuda ?? 'unknown'}) cannot compile: it comes from CUDA ${majorMinor(cuda.cuda)} (error 222)`,
      };
  }
  return undefined;
};

/** Why torch.compile fails with this candidate, or undefined. */
export function compileTrouble(candidate: Candidate, context: Context, python: string): string | undefined {
  const { cuda, release } = candidate;
  if (compareDotted(python, '3.12') >= 0 && compareDotted(release.version, '2.4') < 0)
    return `torch.compile of torch ${release.version} does not work on Python ${python} (from 2.4 on it does)`;
  if (context.host.compiler === false) return 'torch.compile wants a C compiler, and none was found';
  if (
    cuda &&
    major(cuda.cuda) === 11 &&
    context.driver.version !== undefined &&
    !driverReaches(context.driver.version, '525')
  )
    return `torch.compile fails on driver ${context.driver.version}: Triton brings a CUDA 12 assembler, which wants driver 525 or newer (or TRITON_PTXAS_PATH set to the ptxas of CUDA 11.8)`;
  return undefined;
}

const featureRule: Rule = (candidate, context) => {
  for (const feature of context.request.features ?? []) {
    const lacking = lacksFeature(feature, context);
    if (lacking !== undefined && candidate.cuda) return { code: 'feature', why: lacking };
    if (feature !== 'compile') continue;
    const trouble = compileTrouble(
      candidate,
      context,
      context.request.python ?? candidate.release.python.min,
    );
    if (trouble !== undefined) return { code: 'feature', why: trouble };
  }
  return undefined;
};

/** Which GPU lacks a feature, in words, or undefined. */
export function lacksFeature(
  feature: Feature,
  { gpus, tables }: Pick<Context, 'gpus' | 'tables'>,
): string | undefined {
  const row = tables.features.find((entry) => entry.feature === feature);
  const gpu =
    row && gpus.find(({ computeCapability }) => compareDotted(computeCapability, row.computeCapability) < 0);
  const label = feature === 'compile' ? 'torch.compile' : feature;
  return (
    gpu &&
    `${label} wants compute capability ${row.computeCapability} or newer, ${gpu.name} has ${gpu.computeCapability}`
  );
}

/** Cheap and most telling first. */
const RULES: readonly Rule[] = [
  platformRule,
  servedRule,
  pythonRule,
  lowerBoundRule,
  companionRule,
  jetsonRule,
  architectureRule,
  generationRule,
  driverRule,
  glibcRule,
  featureRule,
];

/** Every reason against a candidate; empty when it works. */
export function judge(candidate: Candidate, context: Context): Reason[] {
  if (candidate.build === undefined)
    return RULES.slice(0, 1).flatMap((rule) => rule(candidate, context) ?? []);
  return RULES.flatMap((rule) => rule(candidate, context) ?? []);
}

/** Same verdict as `judge`, without collecting the reasons. */
export function works(candidate: Candidate, context: Context): boolean {
  return RULES.every((rule) => rule(candidate, context) === undefined);
}
