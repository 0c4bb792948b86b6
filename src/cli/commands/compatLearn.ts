import { indexWheelSource, keepLearned, learnRelease } from '../../compat/index.ts';
import { EXIT, RigError } from '../../kernel/index.ts';
import { layoutOf } from '../flows/environment.ts';
import { pythonSide } from '../flows/sources.ts';
import type { Handler } from '../outcome.ts';

export const handler: Handler<object, [release?: string]> = async (call, _flags, asked) => {
  const side = await pythonSide(call);
  try {
    const version = asked === undefined ? await newest(side) : versionOf(asked);
    call.say(`reading torch ${version} out of its wheels ...`);
    const today = new Date().toISOString().slice(0, 10);
    const { release } = await learnRelease(indexWheelSource(side.index, side.http), version, { today });
    await keepLearned(release, layoutOf(call));
    const lines = Object.entries(release.variants).map(([name, variant]) => {
      const builds = Object.entries(variant.builds).map(
        ([platform, build]) =>
          `${platform}: ${build?.architectures?.join(' ') ?? '?'}${build?.ptx ? ` +PTX ${build.ptx}` : ', no PTX'}`,
      );
      return `  ${name}: CUDA ${variant.cuda}, cuDNN ${variant.cudnn ?? '-'}, NCCL ${variant.nccl ?? '-'}; ${builds.join('; ')}`;
    });
    const head = `torch ${release.version}: torchvision ${release.torchvision ?? '-'}, torchaudio ${release.torchaudio ?? '-'}, Triton ${release.triton ?? '-'}, Python ${release.python.min}-${release.python.max} (read, not reviewed)`;
    return { data: { release }, text: [head, ...lines].join('\n') };
  } finally {
    await side.http.close();
  }
};

function versionOf(text: string): string {
  const match = /^(?:torch==)?(\d+\.\d+\.\d+)$/.exec(text);
  if (match?.[1]) return match[1];
  throw new RigError('RIG-CLI-002', `${JSON.stringify(text)} is not a release of torch`, {
    hint: 'rig compat learn torch==2.7.1',
    exitCode: EXIT.usage,
  });
}

async function newest(side: Awaited<ReturnType<typeof pythonSide>>): Promise<string> {
  const wheels = await side.index.servedWheels('torch');
  const versions = wheels
    .map(({ version }) => version.split('+')[0] ?? '')
    .filter((each) => /^\d+\.\d+\.\d+$/.test(each));
  const last = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (last === undefined)
    throw new RigError('RIG-CLI-006', 'the package source offers no torch', { exitCode: EXIT.source });
  return last;
}
