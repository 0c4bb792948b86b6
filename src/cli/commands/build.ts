import { resolve } from 'node:path';
import { imageSummary, writeDockerArchive, writeOciLayout } from '../../image/index.ts';
import { EXIT, formatBytes, formatDuration, RigError } from '../../kernel/index.ts';
import { loadSpec } from '../../spec/index.ts';
import { lockFor } from '../flows/lockFor.ts';
import { prepareImage } from '../flows/prepare.ts';
import { withRenewal } from '../flows/renewPreset.ts';
import type { Handler } from '../outcome.ts';
import type { BuildFlags } from '../routes/build.ts';

type Target = { kind: 'oci' | 'archive'; path: string };

export const handler: Handler<BuildFlags, []> = async (call, flags) => {
  const target = flags.output === undefined ? undefined : targetOf(flags.output, call.cwd);
  const started = performance.now();
  const loaded = await loadSpec({ folder: call.cwd, env: call.env });
  const found = await lockFor(call, loaded, { force: flags.force === true });
  const fresh = flags.cache === false;
  const { lock, result } = await withRenewal(call, { loaded, lock: found }, (each) =>
    prepareImage(call, each, { fresh }),
  );
  const { image, fetchMs, imageMs, bytesFetched } = result;
  const tag = loaded.spec.preset && loaded.builtin ? loaded.spec.preset : loaded.name;
  const writeStarted = performance.now();
  if (target?.kind === 'oci') await writeOciLayout(image, target.path, { tag, progress: call.progress });
  if (target?.kind === 'archive') {
    const name = loaded.builtin ? 'pytorch-cuda' : loaded.name;
    await writeDockerArchive(image, target.path, {
      tag: `${name}:${loaded.builtin ? tag : 'latest'}`,
      progress: call.progress,
    });
  }
  const writeMs = target ? Math.round(performance.now() - writeStarted) : 0;
  const totalMs = Math.round(performance.now() - started);
  if (lock.image !== null && lock.image !== image.digest) {
    call.progress({
      kind: 'note',
      level: 'warn',
      text: `the lock expects ${lock.image}: it was made by another version of rig (rig lock records this one)`,
    });
  }
  const summary = imageSummary(image);
  const { layers, size } = summary;
  call.say(`${layers.length} layers, ${formatBytes(size)}, ${formatDuration(totalMs)}`);
  const list = layers.map(
    (layer) => `${layer.digest}  ${formatBytes(layer.size).padStart(8)}  ${layer.title}`,
  );
  return {
    data: {
      ...summary,
      timings: { fetchMs, imageMs, writeMs, totalMs },
      bytesFetched,
      output: target?.path ?? null,
    },
    text: [...(call.verbose ? list : []), image.digest].join('\n'),
  };
};

function targetOf(text: string, cwd: string): Target {
  if (text.startsWith('oci:')) return { kind: 'oci', path: resolve(cwd, text.slice(4)) };
  if (text.endsWith('.tar')) return { kind: 'archive', path: resolve(cwd, text) };
  throw new RigError('RIG-CLI-002', `-o ${text}: neither oci:DIR nor FILE.tar`, {
    hint: 'rig build -o oci:image, or rig build -o image.tar',
    exitCode: EXIT.usage,
  });
}
