import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvironmentStart } from '../../src/engine/index.ts';
import { drive } from './asUser.ts';
import { until } from './capture.ts';
import { APT, PIP } from './packages.ts';
import { has, noRootReason, testRoot } from './testRoot.ts';

const reason =
  noRootReason() ?? (has('python3') ? undefined : 'python3, which takes the namespaces away, is missing');

/** Refuses what docker's default seccomp profile refuses: new namespaces by unshare, setns and clone, and every kind of mount. */
const WITHOUT_NAMESPACES = `
import ctypes, os, struct, sys
program = [(0x20, 0, 0, 0)]
for number, error in [(n, 1) for n in (272, 165, 166, 308, 155, 428, 429, 430, 432)] + [(435, 38)]:
    program += [(0x15, 0, 1, number), (6, 0, 0, 0x50000 | error)]
program += [(0x15, 0, 3, 56), (0x20, 0, 0, 16), (0x45, 0, 1, 0x7E020000), (6, 0, 0, 0x50001), (6, 0, 0, 0x7FFF0000)]
code = b''.join(struct.pack('HBBI', *each) for each in program)
buffer = ctypes.create_string_buffer(code, len(code))
fprog = ctypes.create_string_buffer(struct.pack('HP', len(program), ctypes.addressof(buffer)))
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, fprog, 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
`;
const before = ['python3', '-c', WITHOUT_NAMESPACES];

describe.skipIf(reason)(
  `where namespaces are forbidden: proot${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    const name = 'box';
    let base: string;
    let request: EnvironmentStart;
    const call = async (...calls: unknown[][]): Promise<Record<string, unknown>[]> =>
      drive({ home: join(base, 'home'), before }, calls);
    const sh = async (line: string): Promise<unknown> =>
      (await call(['capture', name, ['sh', '-c', line]]))[0];

    beforeAll(async () => {
      base = await mkdtemp(join(tmpdir(), 'rig-proot-'));
      for (const folder of ['work', 'data']) await mkdir(join(base, folder));
      await writeFile(join(base, 'data/given'), 'data');
      request = {
        name,
        imageDigest: `sha256:${'e'.repeat(64)}`,
        lower: await testRoot(),
        image: { env: ['FROM_IMAGE=yes'], cmd: ['sleep', 'infinity'] },
        workspace: join(base, 'work'),
        mounts: [{ source: join(base, 'data'), target: '/workspace/data/raw', readonly: true }],
        files: [{ path: '/run/secret/token', content: 'hush', mode: 0o600 }],
      };
    });
    afterAll(async () => {
      await call(['purge', name]);
      await rm(base, { recursive: true, force: true });
    });

    it('is chosen by itself, with the reason, the cost and what is not isolated', async () => {
      const [probe, started, again] = await call(['probe'], ['start', request], ['start', request]);
      expect(probe).toMatchObject({ usable: true, mode: 'proot' });
      expect(started).toMatchObject({ mode: 'proot', alreadyRunning: false });
      const notices = JSON.stringify(started?.['notices']);
      expect(notices).toMatch(/isolation: none but of paths \(.*Operation not permitted/);
      expect(notices).toContain('speed:');
      expect(notices).toContain('/workspace/data/raw can be written to');
      expect(again).toMatchObject({ alreadyRunning: true, pid: started?.['pid'] });
    });

    it("sees the image's files and never the host's, by old calls and new", async () => {
      await writeFile(join(base, 'host-only'), '');
      const see = `python3 -c "import os; print(os.path.exists('${base}/host-only'), os.stat('/etc/hostname').st_size)"; ls ${base}/host-only 2>/dev/null || echo none; cat /etc/hostname; ls -l /run/secret/token | cut -c1-10; cat /run/secret/token`;
      expect(await sh(see)).toMatchObject({ out: `False 4\nnone\n${name}\n-rw-------\nhush` });
      expect(
        await sh('cat /workspace/data/raw/given; touch /root/workspace/made; env | grep FROM'),
      ).toMatchObject({
        out: 'dataFROM_IMAGE=yes\n',
      });
      expect((await stat(join(base, 'work/made'))).uid).toBe(0);
    });

    it('pip and apt-get work, last, and never write into the image', async () => {
      const lower = await listed(request.lower);
      expect(await sh(PIP)).toMatchObject({ code: 0, out: 'pip 2.0\n' });
      const apt = (await sh(APT)) as { code: number; out: string; err: string };
      expect({ code: apt.code, out: apt.out, err: apt.code === 0 ? '' : apt.err }).toEqual({
        code: 0,
        out: 'apt install ok installed\n',
        err: '',
      });
      await call(['stop', name], ['start', request]);
      expect(await sh('id -un alice; python3 -c "import rigpure"')).toMatchObject({
        code: 0,
        out: 'alice\n',
      });
      expect(await listed(request.lower)).toBe(lower);
    });

    it('passes on exit codes, and a stop leaves nothing of it running', async () => {
      expect(await sh('exit 7')).toMatchObject({ code: 7 });
      const [first] = await call(['status', name]);
      void call(['capture', name, ['sleep', '4713']]).catch(() => {});
      await until(async () => (await commands()).includes('sleep\x004713'));
      await call(['stop', name]);
      expect(await commands()).not.toContain('sleep\x004713');
      const [stopped] = await call(['status', name]);
      expect(first).toMatchObject({ state: 'running' });
      expect(stopped).toMatchObject({ state: 'exited' });
    });

    it('kill -9 of proot takes all of it along, leaves nothing in /tmp, and it starts again', async () => {
      const [started] = await call(['start', request]);
      process.kill(started?.['pid'] as number, 'SIGKILL');
      await until(async () => !(await environments()).includes(`TORCHRIG_BOX=${base}/home/envs/${name}\0`));
      const [restarted, ran] = await call(['start', request], ['capture', name, ['true']]);
      expect(restarted).toMatchObject({ alreadyRunning: false });
      expect(ran).toMatchObject({ code: 0 });
      // proot's own place for what it makes, whatever TMPDIR says
      const mine = new RegExp(`^proot(ed)?-${started?.['pid'] as number}-`);
      expect((await readdir('/tmp')).filter((entry) => mine.test(entry))).toEqual([]);
    });
  },
);

/** Command lines of all processes. */
const commands = async (): Promise<string> => ofProcesses('cmdline');
const environments = async (): Promise<string> => ofProcesses('environ');

async function ofProcesses(file: 'cmdline' | 'environ'): Promise<string> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const all = await Promise.all(
    pids.map(async (pid) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  );
  return all.join('\n');
}

/** Names, sizes and times of the files that package managers write in place. */
async function listed(root: string): Promise<string> {
  const lines: string[] = [];
  for (const folder of ['etc', 'var/lib/dpkg', 'var/log', 'usr/bin', 'usr/lib/python3/dist-packages']) {
    for (const entry of (await readdir(join(root, folder))).sort()) {
      const facts = await stat(join(root, folder, entry)).catch(() => undefined);
      lines.push(`${folder}/${entry} ${facts?.size} ${facts?.mtimeMs}`);
    }
  }
  return lines.join('\n');
}
