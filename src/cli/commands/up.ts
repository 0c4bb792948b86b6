import { EXIT } from '../../kernel/index.ts';
import { loadSpec } from '../../spec/index.ts';
import type { SpecOverrides } from '../../spec/index.ts';
import { bringUp } from '../flows/bringUp.ts';
import type { Handler } from '../outcome.ts';
import { upText } from '../render/upText.ts';
import type { UpFlags } from '../routes/environment.ts';

export const handler: Handler<UpFlags, [name?: string]> = async (call, flags, typed) => {
  const { engine = 'auto', verify = false, force = false } = flags;
  const loaded = await loadSpec({
    folder: call.cwd,
    env: call.env,
    overrides: { ...defined(overridesOf(flags)), ...(typed === undefined ? {} : { name: typed }) },
  });
  const result = await bringUp(call, loaded, { engine, verify, force });
  return {
    data: result,
    text: upText(result, call),
    exitCode: result.verification.ok ? EXIT.ok : EXIT.failed,
  };
};

function overridesOf({
  gpus,
  memory,
  cpus,
  shmSize,
  publish,
  volume,
  env,
  jupyterPort,
  sshPort,
}: UpFlags): object {
  return { gpus, memory, cpus, shmSize, publish, volume, env, jupyterPort, sshPort };
}

/** Without the keys whose value is undefined. */
function defined(value: object): SpecOverrides {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}
