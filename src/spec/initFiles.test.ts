import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initFiles, writeInitFiles } from './initFiles.ts';
import { loadSpec } from './loadSpec.ts';
import { packageFolder } from './packageFolder.ts';
import { validateFile } from './validateFile.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-init-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What the first line tells an editor. */
async function pointer(at: string): Promise<string> {
  return /\$schema=(.*)/.exec((await initFiles({ folder: at }))[0]!.text)?.[1] ?? '';
}

describe('rig init', () => {
  it('writes a file that means the preset with its lock', async () => {
    await writeInitFiles(await initFiles({ folder }));
    expect((await readdir(folder)).toSorted()).toEqual(['.dockerignore', '.gitignore', 'torchrig.yaml']);
    const loaded = await loadSpec({ folder, env: {} });
    expect(loaded).toMatchObject({ builtin: true, spec: { preset: 'v2.7', torch: '==2.7.1' } });
  });

  it.each(['tiny', 'none'])('writes preset %s', async (preset) => {
    await writeInitFiles(await initFiles({ folder, preset }));
    expect(await readFile(join(folder, 'torchrig.yaml'), 'utf8')).toContain(`\npreset: ${preset} `);
    expect((await loadSpec({ folder, env: {} })).spec.torch).toBeUndefined();
  });

  it('holds nothing but valid lines when they are uncommented', async () => {
    const [spec] = await initFiles({ folder });
    const uncommented = spec!.text
      .split('\n')
      .map((line) => line.replace(/^# (?=[a-z]+: )/, '').replace(/^#(?= {3}[a-zA-Z_-]+)/, ' '))
      .join('\n');
    const result = validateFile(new TextEncoder().encode(uncommented), { HF_TOKEN: 'x' });
    expect(result).toMatchObject({
      spec: {
        name: 'my-lab',
        torch: '==2.7.1',
        packages: { python: ['einops', 'timm>=1.0'], requirements: 'requirements.txt', debian: ['ffmpeg'] },
        mounts: [{ source: '~/data', target: '/workspace/data/raw', readonly: true }],
        gpus: 'all',
        memory: 32 * 2 ** 30,
        ports: { jupyter: 8888, ssh: 2222, publish: [{ host: 6006, container: 6006 }] },
        env: { LOG_LEVEL: 'DEBUG', HF_TOKEN: 'x' },
      },
    });
  });

  it('leaves a torchrig.yaml alone and adds only missing lines elsewhere', async () => {
    await writeFile(join(folder, 'torchrig.yaml'), 'name: mine\n');
    await writeFile(join(folder, '.gitignore'), 'node_modules\n__pycache__\n/.env\r\n*.pyc');
    const plan = await initFiles({ folder });
    expect(plan.map(({ name, action }) => [name, action])).toEqual([
      ['torchrig.yaml', 'keep'],
      ['.dockerignore', 'create'],
      ['.gitignore', 'append'],
    ]);
    await writeInitFiles(plan);
    expect(await readFile(join(folder, 'torchrig.yaml'), 'utf8')).toBe('name: mine\n');
    expect(await readFile(join(folder, '.gitignore'), 'utf8')).toBe(
      'node_modules\n__pycache__\n/.env\r\n*.pyc\n# torchrig\n/workspace/data/\n/workspace/models/\n.ipynb_checkpoints/\n',
    );
    expect((await initFiles({ folder })).map(({ action }) => action)).toEqual(['keep', 'keep', 'keep']);
  });

  it('does not overwrite a file that appears between plan and writing', async () => {
    const plan = await initFiles({ folder });
    await writeFile(join(folder, 'torchrig.yaml'), 'name: newer\n');
    await writeInitFiles(plan);
    expect(await readFile(join(folder, 'torchrig.yaml'), 'utf8')).toBe('name: newer\n');
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('points editors to a schema that exists, and by a relative path where it is within the project', async () => {
    const outside = await pointer(folder);
    expect(isAbsolute(outside)).toBe(true);
    expect(JSON.parse(await readFile(outside, 'utf8'))).toMatchObject({ title: 'torchrig.yaml' });
    const inside = join(packageFolder(), 'src');
    expect(await pointer(inside)).toBe('../schema/torchrig.schema.json');
    expect(resolve(inside, await pointer(inside))).toBe(outside);
  });

  it('refuses a folder that is none, and a preset that is none', async () => {
    await expect(initFiles({ folder: join(folder, 'no') })).rejects.toMatchObject({ code: 'RIG-SPEC-005' });
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'sub', 'x'), '');
    await expect(initFiles({ folder: join(folder, 'sub', 'x') })).rejects.toMatchObject({
      code: 'RIG-SPEC-005',
    });
    await expect(initFiles({ folder, preset: 'tyni' })).rejects.toMatchObject({
      message: 'there is no preset "tyni" (did you mean tiny?)',
    });
  });
});
