import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanCopy, noContainerReason, plainImage, startContainer } from '../support/plainContainer.ts';
import type { Container } from '../support/plainContainer.ts';
import { runProgram } from '../support/rig.ts';
import type { Ran } from '../support/rig.ts';

const reason = noContainerReason();
const IMAGE = `rig-test-plain:${process.pid}`;
const RIG = '/torchrig/rig';

describe.skipIf(reason)(
  `in a plain Debian container, where namespaces are forbidden${reason ? ` [skipped: ${reason}]` : ''}`,
  () => {
    let base: string;
    const containers: Container[] = [];
    const start = async (...options: string[]): Promise<Container> => {
      const folders = ['--volume', `${base}/clone:/torchrig`, '--volume', `${base}/work:/project`];
      const container = await startContainer(IMAGE, [...folders, ...options]);
      containers.push(container);
      return container;
    };

    beforeAll(async () => {
      base = await mkdtemp(join(tmpdir(), 'rig-container-'));
      for (const folder of ['clone', 'work']) await mkdir(join(base, folder));
      await writeFile(join(base, 'work/torchrig.yaml'), 'preset: tiny\nname: boxed\n');
      await Promise.all([plainImage(IMAGE), cleanCopy(join(base, 'clone'))]);
    });
    afterAll(async () => {
      await Promise.all(containers.map((container) => container.remove()));
      await runProgram('docker', ['image', 'rm', IMAGE]);
      await rm(base, { recursive: true, force: true });
    });

    describe('with pip and no Node in it', () => {
      let box: Container;
      const rig = (...args: string[]): Promise<Ran> => box.run([RIG, ...args]);
      beforeAll(async () => {
        box = await start();
      });

      it('a clean clone comes up by one command: under proot, with the reason and the cost', async () => {
        expect((await box.run(['sh', '-c', 'command -v node npm git xz'])).stdout).toBe('');
        const ran = await rig('up', '--json');
        expect(ran.stderr).toContain('fetching one through pip');
        expect(ran).toMatchObject({ code: 0 });
        const up = JSON.parse(ran.stdout) as Record<string, unknown>;
        expect(up).toMatchObject({
          name: 'boxed',
          engine: 'sandbox',
          engineReason: expect.stringContaining('proot') as string,
          alreadyRunning: false,
          lock: { builtin: true },
          workspace: '/project/workspace',
          verification: { ok: true, imports: { failed: [] } },
          notices: expect.arrayContaining([
            expect.stringMatching(
              /^isolation: none but of paths \(the container around us forbids namespaces \(.*Operation not permitted/,
            ),
            expect.stringMatching(/^speed: .* two to four times as long under proot/),
          ]) as string[],
        });
        const lock = await readFile(join(base, 'clone/presets/tiny/torchrig.lock'), 'utf8');
        expect(lock).toContain((up['image'] as { digest: string }).digest);
      });

      it('a second up changes nothing, builds nothing and is quiet', async () => {
        const ran = await rig('up', '--json');
        expect(ran).toMatchObject({ code: 0, stderr: '' });
        expect(JSON.parse(ran.stdout)).toMatchObject({ alreadyRunning: true, bytesFetched: 0 });
      });

      it('exec and shell pass on input, output and exit code', async () => {
        const exec = [RIG, 'exec', '--', 'sh', '-c', 'id -u; cat; echo bad >&2; exit 7'];
        expect(await box.run(exec, 'given')).toMatchObject({ code: 7, stdout: '0\ngiven', stderr: 'bad\n' });
        expect(await box.run([RIG, 'shell'], 'cat /etc/hostname; pwd; exit 3\n')).toMatchObject({
          code: 3,
          stdout: 'boxed\n/workspace\n',
        });
        expect(await rig('exec', '--', 'python', '-c', 'import six; print(six.__name__)')).toMatchObject({
          code: 0,
          stdout: 'six\n',
        });
      });

      it('files written in /workspace are there outside', async () => {
        const script = 'echo data > /workspace/made && echo more > /root/workspace/other';
        expect(await rig('exec', '--', 'sh', '-c', script)).toMatchObject({ code: 0 });
        expect((await readdir(join(base, 'work/workspace'))).toSorted()).toEqual(['made', 'other']);
        expect(await readFile(join(base, 'work/workspace/made'), 'utf8')).toBe('data\n');
      });

      it('ps tells the truth, down ends all of it, and nothing is left', async () => {
        expect((await rig('ps')).stdout).toMatch(/^boxed +running +sandbox \(proot\)/m);
        expect(await rig('down')).toMatchObject({ code: 0 });
        expect((await rig('ps')).stdout).toMatch(/^boxed +exited/m);
        const processes = await box.run(['ps', '-eo', 'stat,args']);
        expect(processes.stdout.split('\n').filter((line) => /proot|torchrig/.test(line))).toEqual([]);
        const left = (await box.run(['ls', '-A', '/tmp'])).stdout.split('\n').filter(Boolean);
        expect(left.filter((name) => name !== 'node-compile-cache')).toEqual([]);
        expect(await rig('down', '--purge', '--yes')).toMatchObject({ code: 0 });
        expect(await box.run(['ls', '-A', '/root/.local/share/torchrig/envs'])).toMatchObject({ stdout: '' });
      });
    });

    describe('with a read-only root', () => {
      it('says what it needs before it fetches anything', async () => {
        const box = await start('--read-only');
        const ran = await box.run([RIG, 'up']);
        expect(ran).toMatchObject({ code: 1, stdout: '' });
        expect(ran.stderr).toMatch(
          /^error\[RIG-KERNEL-002\]: TORCHRIG_HOME \/root\/\S+ cannot be used\n +the file system is read-only\nhint: set TORCHRIG_HOME .*docker run -v rig:\/data -e TORCHRIG_HOME=\/data\n$/,
        );
      });

      it('and of a home where no program may be run', async () => {
        const box = await start('--read-only', '--tmpfs', '/data:noexec', '--env', 'TORCHRIG_HOME=/data');
        const ran = await box.run([RIG, 'up', '--quiet']);
        expect(ran).toMatchObject({ code: 1, stdout: '' });
        expect(ran.stderr).toMatch(/RIG-ENGINE-006[\s\S]*TORCHRIG_HOME \/data may be run.*noexec/);
        expect(ran.stderr).toMatch(/^hint: .*--tmpfs \/data:exec.*-v rig:\/data/m);
      });

      it('works with the home on a volume', async () => {
        const box = await start('--read-only', '--volume', '/data', '--env', 'TORCHRIG_HOME=/data');
        const ran = await box.run([RIG, 'up', '--json']);
        expect(ran).toMatchObject({ code: 0 });
        expect(JSON.parse(ran.stdout)).toMatchObject({ verification: { ok: true } });
        const inside = await box.run([RIG, 'exec', '--', 'cat', '/workspace/made']);
        expect(inside).toMatchObject({ code: 0, stdout: 'data\n' });
        expect(await box.run([RIG, 'down'])).toMatchObject({ code: 0 });
      });

      it('of the launcher, where the checkout is read-only and was never built', async () => {
        const box = await start('--read-only');
        await box.run(['sh', '-c', 'mv /torchrig/dist /torchrig/away']);
        const other = await start('--read-only', '--volume', `${base}/clone:/readonly:ro`);
        const ran = await other.run(['/readonly/rig', 'version']);
        expect(ran).toMatchObject({ code: 1, stdout: '' });
        expect(ran.stderr).toMatch(/^rig: error: .* \/readonly cannot be written\nrig: hint: /);
        await box.run(['sh', '-c', 'mv /torchrig/away /torchrig/dist']);
      });
    });
  },
);
