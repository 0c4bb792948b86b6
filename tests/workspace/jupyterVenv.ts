import { spawnSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { homeLayout, prepareHome, run } from '../../src/kernel/index.ts';
import { findUv, pythonSources, uvEnvironment } from '../../src/sources/index.ts';
import { INSIDE, runtimePiece } from '../../src/workspace/index.ts';

/** True when this machine can make a virtual environment. */
export const hasVenv: boolean = spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0;

/** A virtual environment with Jupyter Lab and a kernel, from where pip is set up to get its packages. uv makes it, four times as fast. */
export async function makeVenv(folder: string): Promise<void> {
  const home = homeLayout(`${folder}.home`);
  await prepareHome(home.root);
  const uv = await findUv(process.env, home);
  const { env, args } = uvEnvironment(await pythonSources(process.env), process.env, home);
  await must(uv.path, ['venv', '--quiet', '--python', 'python3', folder], env);
  const python = join(folder, 'bin', 'python');
  await must(
    uv.path,
    ['pip', 'install', '--quiet', '--python', python, ...args, 'jupyterlab>=4,<5', 'ipykernel>=6'],
    env,
  );
}

async function must(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const result = await run(program, args, { env });
  if (result.code !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr || result.stdout}`);
}

/**
 * The runtime files below `root`, as they are in an image. The settings name the image's own template folder, which is not there:
 * `templates` says where it is instead.
 */
export async function placeRuntime(root: string, options: { templates?: string } = {}): Promise<void> {
  for (const { path, type, mode, target, content } of runtimePiece({ epoch: 1 }).entries) {
    const place = join(root, path);
    if (type === 'dir') await mkdir(place, { recursive: true, mode });
    else if (type === 'symlink') await symlink(target ?? '', place);
    else if (content?.from === 'inline') {
      const text = new TextDecoder().decode(content.bytes);
      await writeFile(place, options.templates ? text.replaceAll(INSIDE.templates, options.templates) : text);
      await chmod(place, mode);
    }
  }
}
