import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareWorkspace } from './prepareWorkspace.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-ws-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('prepareWorkspace', () => {
  it('makes the folder, and leaves one that is there alone', async () => {
    const path = join(folder, 'a', 'b');
    await prepareWorkspace(path);
    await writeFile(join(path, 'x'), '');
    await prepareWorkspace(path);
    expect((await stat(join(path, 'x'))).isFile()).toBe(true);
  });

  it('refuses a file in its place or on its way', async () => {
    await writeFile(join(folder, 'f'), '');
    for (const path of [join(folder, 'f'), join(folder, 'f', 'g')])
      await expect(prepareWorkspace(path)).rejects.toMatchObject({
        code: 'RIG-WORKSPACE-003',
        why: expect.stringMatching(/is a file|not a folder/),
      });
  });

  it('refuses a place that the kernel guards', async () => {
    await expect(prepareWorkspace('/proc/rig-workspace')).rejects.toMatchObject({
      code: 'RIG-WORKSPACE-003',
    });
  });

  it.skipIf(process.getuid?.() === 0)('refuses a folder of somebody else (skipped as root)', async () => {
    await mkdir(join(folder, 'closed'));
    await chmod(join(folder, 'closed'), 0o555);
    await expect(prepareWorkspace(join(folder, 'closed'))).rejects.toMatchObject({
      why: 'this user may not write there',
    });
  });
});
