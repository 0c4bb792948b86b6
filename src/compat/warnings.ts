import { coverage } from './architectures.ts';
import type { Candidate } from './candidates.ts';
import { compileTrouble, lacksFeature } from './judge.ts';
import type { Context } from './judge.ts';
import { driverReaches, major, majorMinor, compareDotted } from './versions.ts';
import { pythonFor } from './makePlan.ts';
import type { Warning } from './solveTypes.ts';

const warn = (id: string, text: string | undefined | false): Warning[] => (text ? [{ id, text }] : []);

/** What is worth knowing of the host whatever is chosen. */
export function hostWarnings({ host, gpus, driver }: Context): Warning[] {
  const idle = driver.state === 'none' && host.gpus[0];
  return [
    ...driver.warnings,
    ...warn(
      'no-driver',
      idle && `${idle.name} has no NVIDIA driver and is left out; with a driver it will be used`,
    ),
    ...warn(
      'gpu-unknown',
      driver.state === 'present' &&
        gpus.length === 0 &&
        'an NVIDIA driver is here but no GPU was named, so compiled architectures were not checked',
    ),
    ...warn(
      'mig_multi',
      gpus.some((gpu) => gpu.mig) &&
        'MIG: a process sees one slice, and NCCL does not work between slices; start one process per MIG UUID',
    ),
  ];
}

function driverWarnings(candidate: Candidate, { gpus, driver, tables }: Context): Warning[] {
  const { cuda } = candidate;
  if (cuda === undefined) return [];
  const floor = tables.drivers.floors.find((row) => row.cudaMajor === major(cuda.cuda))?.driver;
  const minor = majorMinor(cuda.cuda);
  const below = floor !== undefined && driver.version !== undefined && !driverReaches(driver.version, floor);
  return [
    ...warn(
      'driver-unknown',
      driver.state === 'unknown' &&
        gpus.length > 0 &&
        `the driver is not known: this plan wants ${floor ?? 'an unknown one'} or newer`,
    ),
    ...warn(
      'forward-compatibility',
      below &&
        `needs NVIDIA's package cuda-compat-${minor.replace('.', '-')} beside torch: driver ${driver.version} alone is too old`,
    ),
  ];
}

function hardwareWarnings(candidate: Candidate, context: Context): Warning[] {
  const { gpus, request } = context;
  const { build, cuda } = candidate;
  if (cuda === undefined || build === undefined) return [];
  const jit = gpus.find((gpu) => coverage(build, gpu.computeCapability) === 'ptx');
  const tooOld = lacksFeature('compile', context);
  const trouble = compileTrouble(candidate, context, pythonFor(candidate, request.python));
  const cu118 = major(cuda.cuda) === 11 && trouble?.includes('Triton') === true;
  return [
    ...warn(
      'ptx-jit',
      jit &&
        `${jit.name} runs by PTX that the driver compiles: the first start is slow and kernels are not tuned for it`,
    ),
    ...warn(
      'triton_min_cc',
      tooOld && `torch.compile will not work here: ${tooOld} (TORCHDYNAMO_DISABLE=1 turns it off)`,
    ),
    ...warn(cu118 ? 'cu118_triton' : 'no_cc', gpus.length > 0 && !tooOld && trouble),
  ];
}

function rowWarnings({ release, cuda, build }: Candidate, { gpus }: Context): Warning[] {
  const low = cuda !== undefined && cuda.confidence === 'low' && build?.read === undefined;
  const blackwell = gpus.find((gpu) => compareDotted(gpu.computeCapability, '10.0') >= 0);
  return [
    ...warn(
      'row-read',
      release.status === 'read' &&
        `the row of torch ${release.version} was read from its wheel and not reviewed`,
    ),
    ...warn(
      'row-uncertain',
      low &&
        `parts of the row of torch ${release.version} are inferred; \`rig compat verify\` compares it with the wheel`,
    ),
    ...warn(
      'no-torchaudio',
      release.torchaudio === null &&
        `torch ${release.version} has no torchaudio release of its own; none is installed`,
    ),
    ...warn(
      'numpy2',
      compareDotted(release.version, '2.3') < 0 &&
        `torch ${release.version} was built against NumPy 1: numpy<2 is required with it`,
    ),
    ...warn(
      'conv3d_bf16_29',
      release.version === '2.9.0' &&
        'conv3d in bf16 or fp16 is slow and hungry in torch 2.9.0; 2.9.1 mends it',
    ),
    ...warn(
      'blackwell_211',
      release.version === '2.11.0' &&
        blackwell &&
        `problems with ${blackwell.name} are known in torch 2.11.0; 2.12 mends them`,
    ),
  ];
}

/** What is worth knowing of a candidate that works here. */
export function planWarnings(candidate: Candidate, context: Context): Warning[] {
  return [
    ...hostWarnings(context),
    ...driverWarnings(candidate, context),
    ...hardwareWarnings(candidate, context),
    ...rowWarnings(candidate, context),
  ];
}

/** Requirements on other packages that the torch release brings, PEP 508. */
export function constraintsOf({ release }: Candidate): string[] {
  return compareDotted(release.version, '2.3') < 0 ? ['numpy<2'] : [];
}
