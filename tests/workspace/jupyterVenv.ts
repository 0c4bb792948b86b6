import { spawnSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/kernel/index.ts';
import { INSIDE, runtimePiece } from '../../src/workspace/index.ts';

/** True when this machine can make a virtual environment. */
export const hasVenv: boolean = spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0;

/** A virtual environment with Jupyter Lab and a kernel, installed by pip as pip is set up here. */
export async function makeVenv(folder: string): Promise<void> {
  await must('python3', ['-m', 'venv', folder]);
  await must(join(folder, 'bin', 'pip'), [
    'install',
    '--quiet',
    '--disable-pip-version-check',
    'jupyterlab',
    'ipykernel',
  ]);
}

async function must(program: string, args: string[]): Promise<void> {
  const result = await run(program, args);
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
