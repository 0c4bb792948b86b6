import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRigError, type RigError } from '../kernel/index.ts';
import { basePackages } from './bases.ts';
import { loadPresetSpec, loadSpec, type LoadOptions } from './loadSpec.ts';
import { presetNames } from './presets.ts';
import { lockedInputs } from './resolveSpec.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rig-spec-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

let made = 0;
async function folderWith(text?: string, name = `lab-${(made += 1)}`): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  if (text !== undefined) await writeFile(join(folder, 'torchrig.yaml'), text);
  return folder;
}

async function failure(options: LoadOptions): Promise<RigError> {
  try {
    await loadSpec({ env: {}, ...options });
  } catch (error) {
    if (isRigError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a folder without torchrig.yaml', () => {
  it('means the preset v2.7 with its own lock', async () => {
    const folder = await folderWith(undefined, 'Mein Labor é');
    const loaded = await loadSpec({ folder, env: {} });
    expect(loaded).toMatchObject({ name: 'mein-labor-e', folder, file: undefined, builtin: true });
    expect(loaded.lockPath).toMatch(/presets\/v2\.7\/torchrig\.lock$/);
    expect(loaded.spec).toMatchObject({
      preset: 'v2.7',
      torch: '==2.7.1',
      cuda: '12.6',
      python: '3.11',
      gpus: 'all',
      workspace: join(folder, 'workspace'),
      ports: { jupyter: { port: 8888, explicit: false }, ssh: { port: 2222, explicit: false } },
      services: { jupyter: true, ssh: true },
    });
    expect(loaded.spec.packages.python).toContain('jupyterlab');
  });

  it('prefers a lock of the user', async () => {
    const folder = await folderWith();
    await writeFile(join(folder, 'torchrig.lock'), '');
    expect(await loadSpec({ folder, env: {} })).toMatchObject({
      builtin: false,
      lockPath: join(folder, 'torchrig.lock'),
    });
  });
});

describe('a file over its preset', () => {
  it('keeps the built-in lock while the locked inputs are the same', async () => {
    const text =
      'name: x\nmemory: 8g\ngpus: none\nenv: {A: b}\ntorch: 2.7.1\npackages: {python: [NumPy], debian: [git]}\n';
    expect(await loadSpec({ folder: await folderWith(text), env: {} })).toMatchObject({
      builtin: true,
      name: 'x',
    });
  });

  it.each([
    'torch: 2.6.0',
    'cuda: cpu',
    'packages: {python: [einops]}',
    'packages: {python: ["numpy<2"]}',
    'packages: {debian: [ffmpeg]}',
    'packages: {requirements: requirements.txt}',
    'preset: none\ntorch: 2.7.1',
  ])('asks for a lock of its own after %j', async (text) => {
    const folder = await folderWith(text);
    expect(await loadSpec({ folder, env: {} })).toMatchObject({
      builtin: false,
      lockPath: join(folder, 'torchrig.lock'),
    });
  });

  it('adds packages, the own requirement in place of the same of the preset', async () => {
    const text = 'packages: {python: ["Transformers>=5", einops], debian: [ffmpeg, git]}';
    const { spec } = await loadSpec({ folder: await folderWith(text), env: {} });
    expect(spec.packages.python).not.toContain('transformers<5');
    expect(spec.packages.python.slice(-2)).toEqual(['Transformers>=5', 'einops']);
    expect(spec.packages.debian.filter((name) => name === 'git')).toHaveLength(1);
    expect(spec.packages.debian.at(-1)).toBe('ffmpeg');
  });

  it("leaves the preset's CUDA to the preset's torch", async () => {
    expect((await loadSpec({ folder: await folderWith('torch: "2.5"'), env: {} })).spec.cuda).toBe('auto');
    expect((await loadSpec({ folder: await folderWith('torch: "2.7.1"'), env: {} })).spec.cuda).toBe('12.6');
  });

  it('starts from nothing with preset: none', async () => {
    const { spec } = await loadSpec({ folder: await folderWith('preset: none'), env: {} });
    expect(spec).toMatchObject({ preset: undefined, torch: undefined, packages: { python: [], debian: [] } });
  });

  it("makes paths absolute from the file's folder, ~ from the home", async () => {
    const folder = await folderWith('workspace: ../w\nmounts: ["~/d:/workspace/d", "x:/y:ro", "/z:/q"]\n');
    const { spec } = await loadSpec({ folder, env: { HOME: '/home/ada' } });
    expect(spec.workspace).toBe(join(root, 'w'));
    expect(spec.mounts).toEqual([
      { source: '/home/ada/d', target: '/workspace/d', readonly: false },
      { source: join(folder, 'x'), target: '/y', readonly: true },
      { source: '/z', target: '/q', readonly: false },
    ]);
  });

  it('marks ports that were written', async () => {
    const { spec } = await loadSpec({
      folder: await folderWith('ports: {jupyter: 9999, ssh: none}'),
      env: {},
    });
    expect(spec.ports.jupyter).toEqual({ port: 9999, explicit: true });
    expect(spec.services).toEqual({ jupyter: true, ssh: false });
  });

  it('takes a file of another name, its paths from its own folder', async () => {
    const folder = await folderWith();
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'sub', 'gpu.yaml'), 'workspace: ./w\nname: other\n');
    const loaded = await loadSpec({ folder, file: 'sub/gpu.yaml', env: {} });
    expect(loaded).toMatchObject({ name: 'other', folder: join(folder, 'sub') });
    expect(loaded.spec.workspace).toBe(join(folder, 'sub', 'w'));
    expect(loaded.userLockPath).toBe(join(folder, 'sub', 'torchrig.lock'));
  });
});

describe('errors', () => {
  it('lists everything with exit code 2', async () => {
    const folder = await folderWith('memory: 32q\nnmae: x\n');
    const error = await failure({ folder });
    expect(error).toMatchObject({
      code: 'RIG-SPEC-001',
      exitCode: 2,
      why: 'torchrig.yaml is not valid (2 errors)',
    });
    expect(error.message).toBe(
      'torchrig.yaml:1:9: memory: "32q" is not a size (try 32g)\ntorchrig.yaml:2:1: nmae: unknown key (did you mean name?)',
    );
    expect(error.details?.['findings']).toEqual([
      { path: 'memory', line: 1, column: 9, message: '"32q" is not a size (try 32g)' },
      { path: 'nmae', line: 2, column: 1, message: 'unknown key (did you mean name?)' },
    ]);
  });

  it('names a preset that is none', async () => {
    const error = await failure({ folder: await folderWith('name: x\npreset: v2.8') });
    expect(error).toMatchObject({ code: 'RIG-SPEC-001', exitCode: 2 });
    expect(error.message).toBe('torchrig.yaml:2:9: preset: "v2.8" is no preset (did you mean v2.7?)');
    const hidden = await failure({ folder: await folderWith('preset: "${P}"'), env: { P: 'v2.6' } });
    expect(hidden.message).toBe('torchrig.yaml:1:9: preset: "${P}" is no preset');
    await expect(loadPresetSpec('v2.8')).rejects.toMatchObject({ code: 'RIG-SPEC-003', exitCode: 2 });
  });

  it('refuses to leave presets/', async () => {
    expect((await failure({ folder: await folderWith('preset: ../../src') })).code).toBe('RIG-SPEC-001');
  });

  it('names a file that is missing, and a folder in its place', async () => {
    const folder = await folderWith();
    expect(await failure({ folder, file: 'no.yaml' })).toMatchObject({ code: 'RIG-SPEC-004', exitCode: 2 });
    await mkdir(join(folder, 'torchrig.yaml'));
    expect(await failure({ folder })).toMatchObject({ code: 'RIG-SPEC-004' });
  });

  it('reads no more of a huge file than it needs', async () => {
    const folder = await folderWith('a'.repeat(3 * 2 ** 20));
    expect((await failure({ folder })).message).toContain('the file is larger than 262144 bytes');
  });
});

describe('presets', () => {
  it('are valid and know their lock', async () => {
    const names = await presetNames();
    expect(names).toEqual(['tiny', 'v2.7']);
    for (const name of names) {
      const { spec, lockPath } = await loadPresetSpec(name);
      expect(spec.preset).toBe(name);
      expect(lockPath).toContain(`presets/${name}/torchrig.lock`);
    }
  });

  it('v2.7 repeats nothing that its base brings', async () => {
    const { spec } = await loadPresetSpec('v2.7');
    const base = new Set(basePackages(spec.base));
    expect(spec.packages.debian.filter((name) => base.has(name))).toEqual([]);
    expect(base).toContain('usr-is-merged');
  });

  it('tiny has no torch and starts no service', async () => {
    const { spec } = await loadPresetSpec('tiny');
    expect(spec).toMatchObject({ torch: undefined, services: { jupyter: false, ssh: false } });
  });
});

describe('lockedInputs', () => {
  it('does not depend on order and spelling', async () => {
    const one = await folderWith('preset: none\npackages: {python: ["Foo_Bar >= 1", b], debian: [x1, a1]}');
    const two = await folderWith('preset: none\npackages: {python: [b, "foo-bar>=1"], debian: [a1, x1]}');
    const [a, b] = await Promise.all([one, two].map((folder) => loadSpec({ folder, env: {} })));
    expect(lockedInputs(a!.spec)).toEqual(lockedInputs(b!.spec));
    expect(lockedInputs(a!.spec).packages).toEqual({ python: ['b', 'foo-bar>=1'], debian: ['a1', 'x1'] });
  });
});

describe('overrides', () => {
  it('stand over the file', async () => {
    const folder = await folderWith(
      'memory: 4g\nports: {jupyter: 9000}\nmounts: ["/a:/x"]\nenv: {A: "1", B: "2"}',
    );
    const { spec, name } = await loadSpec({
      folder,
      env: { HOME: '/home/ada', FROM_SHELL: 'here' },
      overrides: {
        name: 'other',
        gpus: '0,1',
        memory: '8g',
        cpus: '2.5',
        shmSize: '2g',
        publish: ['9001:8888', '2022:22', '6006:6006', '7000'],
        volume: ['~/d:/x:ro', './w:/root/workspace'],
        env: ['A=over=x', 'FROM_SHELL', 'E='],
      },
    });
    expect(name).toBe('other');
    expect(spec).toMatchObject({
      gpus: [0, 1],
      memory: 8 * 2 ** 30,
      cpus: 2.5,
      shm: 2 * 2 ** 30,
      workspace: join(folder, 'w'),
      mounts: [{ source: '/home/ada/d', target: '/x', readonly: true }],
      ports: { jupyter: { port: 9001, explicit: true }, ssh: { port: 2022, explicit: true } },
      publish: [
        { host: 6006, container: 6006 },
        { host: 7000, container: 7000 },
      ],
      env: { A: 'over=x', B: '2', FROM_SHELL: 'here', E: '' },
    });
  });

  it('turn services off and on', async () => {
    const folder = await folderWith('preset: tiny');
    const on = await loadSpec({ folder, env: {}, overrides: { jupyterPort: '9000' } });
    expect(on.spec.services).toEqual({ jupyter: true, ssh: false });
    const off = await loadSpec({ folder: await folderWith(), env: {}, overrides: { sshPort: 'none' } });
    expect(off.spec.services).toEqual({ jupyter: true, ssh: false });
  });

  it('keep the built-in lock', async () => {
    const folder = await folderWith();
    expect((await loadSpec({ folder, env: {}, overrides: { gpus: 'none' } })).builtin).toBe(true);
  });

  it('name the flag, all at once, and no value of a variable', async () => {
    const error = await failure({
      folder: await folderWith(),
      overrides: {
        memory: '32q',
        gpus: 'two',
        jupyterPort: '70000',
        publish: ['x'],
        volume: ['nothing', '/a:relative'],
        env: ['A B=hunter2', 'UNSET', 'OK=hunter2\0'],
        name: 'A B',
      },
    });
    expect(error).toMatchObject({ code: 'RIG-SPEC-002', exitCode: 2 });
    expect(error.message.split('\n').toSorted()).toEqual(
      [
        'NAME: "A B" is not a name (lower-case letters, digits, ".", "_", "-"; at most 63) (try a-b)',
        '--gpus: "two" is not a GPU (try all, none, [0, 1], or the uuids that nvidia-smi -L prints)',
        '--memory: "32q" is not a size (try 32g)',
        '-v: "nothing" is not a mount (try /data:/workspace/data:ro)',
        '-v: "/a:relative" is not an absolute path (try /workspace/data)',
        '-p: "x" is not a port mapping (try 6006:6006 (host:inside))',
        '--jupyter-port: "70000" is not a port (try a number from 1 to 65535, or none)',
        '-e: "A B" is not a name of an environment variable (letters, digits, "_")',
        '-e UNSET: UNSET is not set here (write UNSET=VALUE)',
        '-e OK: the value holds a NUL character',
      ].toSorted(),
    );
    expect(error.message).not.toContain('hunter2');
  });

  it('refuse one port for two services', async () => {
    const error = await failure({
      folder: await folderWith(),
      overrides: { jupyterPort: '9000', sshPort: '9000' },
    });
    expect(error.message).toBe('port 9000 is given to both Jupyter and SSH');
  });
});
