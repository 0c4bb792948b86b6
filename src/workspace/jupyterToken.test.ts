import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureToken, readToken } from './jupyterToken.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-token-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('ensureToken', () => {
  it('makes one for its owner only, whatever the umask, and keeps it', async () => {
    const path = join(folder, 'env', 'jupyter.token');
    const token = await ensureToken(path);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'env'))).mode & 0o077).toBe(0);
    expect(await ensureToken(path)).toBe(token);
    expect(await readToken(path)).toBe(token);
  });

  it('gives two callers the same, and leaves nothing else behind', async () => {
    const path = join(folder, 'jupyter.token');
    const tokens = await Promise.all(Array.from({ length: 8 }, () => ensureToken(path)));
    expect(new Set(tokens).size).toBe(1);
    expect(await readdir(folder)).toEqual(['jupyter.token']);
  });

  it('differs from file to file', async () => {
    expect(await ensureToken(join(folder, 'a'))).not.toBe(await ensureToken(join(folder, 'b')));
  });

  it('closes a file that others may read', async () => {
    const path = join(folder, 'open');
    await writeFile(path, 'a'.repeat(64));
    await chmod(path, 0o644);
    await readToken(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('refuses a file that holds something else, without showing it', async () => {
    const path = join(folder, 'bad');
    await writeFile(path, 'hunter2');
    await expect(ensureToken(path)).rejects.toMatchObject({ code: 'RIG-WORKSPACE-001' });
    await expect(ensureToken(path)).rejects.not.toThrow(/hunter2/);
  });

  it('knows none where there is no file', async () => {
    expect(await readToken(join(folder, 'none'))).toBeUndefined();
  });
});
