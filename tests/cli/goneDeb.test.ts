import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageCopy } from '../support/packageCopy.ts';
import { rigAt } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

/** The lock as it would be had it been made when hostname was older: no mirror has that file any more. */
function withOldHostname(lock: string): string {
  const [before = '', after = ''] = lock.split('[[debian]]\nname = "hostname"\n');
  const old = after
    .replace(/^version = ".*"$/m, 'version = "0.1"')
    .replace(/^path = ".*"$/m, 'path = "pool/main/h/hostname/hostname_0.1_amd64.deb"')
    .replace(/^sha256 = ".*"$/m, `sha256 = "${'f'.repeat(64)}"`);
  return `${before}[[debian]]\nname = "hostname"\n${old}`;
}

const pythonOf = (lock: string): string => lock.slice(lock.indexOf('[[python]]'), lock.indexOf('[[debian]]'));
const hostnameOf = (lock: string): string | undefined =>
  /name = "hostname"\nversion = "(.*)"/.exec(lock)?.[1];

describe('a locked Debian package that the mirrors have dropped', () => {
  let base: string;
  let rig: Rig;
  let shipped: string;
  let old: string;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'rig-gone-'));
    const program = await packageCopy(join(base, 'package'));
    const preset = join(base, 'package/presets/tiny/torchrig.lock');
    shipped = await readFile(preset, 'utf8');
    old = withOldHostname(shipped);
    await writeFile(preset, old);
    rig = await rigAt({ program: [process.execPath, program] });
  });
  afterAll(async () => {
    await rig.dispose();
    await rm(base, { recursive: true, force: true });
  });

  async function folderOf(name: string, files: Record<string, string>): Promise<string> {
    const folder = join(base, name);
    await mkdir(folder);
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
    return folder;
  }

  it("of a preset: rig up takes the successor, says so, and keeps all else of the preset's lock", async () => {
    expect(hostnameOf(old)).toBe('0.1');
    const cwd = await folderOf('preset', { 'torchrig.yaml': 'preset: tiny\nname: gone-test\n' });
    const ran = await rig(['up', '--json'], { cwd });
    expect(ran.stderr).toMatch(/no longer have hostname 0\.1 of the preset/);
    expect(ran.stderr).toMatch(/the image digest is not the published one/);
    const up = JSON.parse(ran.stdout) as { image: { digest: string } };
    expect(up).toMatchObject({ alreadyRunning: false, verification: { ok: true } });
    const [file = '', ...more] = await readdir(join(rig.home, 'presets'));
    expect(more).toEqual([]);
    const renewed = await readFile(join(rig.home, 'presets', file), 'utf8');
    expect(pythonOf(renewed)).toBe(pythonOf(shipped));
    expect(hostnameOf(renewed)).toMatch(/^3\./);
    const again = await rig.json(['up'], { cwd });
    expect(again).toMatchObject({ alreadyRunning: true, bytesFetched: 0, image: up.image });
    expect(await rig.json(['build'], { cwd })).toMatchObject({ digest: up.image.digest });
  });

  it('of a lock of the user: it is not changed; the message says what to do, and that helps', async () => {
    const cwd = await folderOf('own', { 'torchrig.yaml': 'preset: tiny\n', 'torchrig.lock': old });
    const ran = await rig(['build', '--json'], { cwd });
    expect(ran.code).toBe(4);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      error: {
        code: 'RIG-CLI-014',
        message: 'the Debian mirrors no longer have hostname 0.1',
        hint: expect.stringMatching(/^rig lock takes the successor/) as string,
      },
    });
    expect(await readFile(join(cwd, 'torchrig.lock'), 'utf8')).toBe(old);
    expect(await rig(['lock'], { cwd })).toMatchObject({ code: 0 });
    const mended = await readFile(join(cwd, 'torchrig.lock'), 'utf8');
    expect([hostnameOf(mended), pythonOf(mended)]).toEqual([
      expect.stringMatching(/^3\./),
      pythonOf(shipped),
    ]);
    expect(await rig.json(['build'], { cwd })).toMatchObject({
      digest: expect.stringMatching(/^sha256:/) as string,
    });
  });
});
