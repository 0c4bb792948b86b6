import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { BIN as RIG, emptyFolder, ended, rigAt, runProgram } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

interface Finding {
  id: string;
  severity: string;
  title: string;
  evidence: string;
  remedy: string | null;
}
interface Report {
  verdict: string;
  findings: Finding[];
  environment: { report: { steps: Record<string, { ok: boolean }>; ms: number } };
}

const PROVOKED = new Set([
  'shm-small',
  'no-compiler',
  'stray-libraries',
  'library-corrupt',
  'workspace-unwritable',
  'memory-low',
  'source-unreachable',
]);
const provoked = ({ findings }: Report): Finding[] => findings.filter(({ id }) => PROVOKED.has(id));
const ids = (report: Report): string[] => provoked(report).map(({ severity, id }) => `${severity} ${id}`);

const isRoot = process.getuid?.() === 0;
const hasScript = spawnSync('script', ['--version']).status === 0;
/** Made and removed again: whether rig can set a limit here. */
const canLimit =
  isRoot &&
  spawnSync('sh', [
    '-c',
    'at=/sys/fs/cgroup/memory; [ -d $at ] || { at=/sys/fs/cgroup; grep -qw memory $at/cgroup.controllers; } && mkdir $at/rig-test-$$ && rmdir $at/rig-test-$$',
  ]).status === 0;

describe.skipIf(!isRoot)(
  `rig doctor and the preset v2.7, broken in each way${isRoot ? '' : ' (skipped: needs root to make a workspace read-only from outside)'}`,
  { timeout: 600_000 },
  () => {
    let rig: Rig;
    let folder: string;
    const write = (lines: string): Promise<void> =>
      writeFile(
        join(folder, 'torchrig.yaml'),
        `preset: v2.7\nname: broken\nports: { jupyter: none }\n${lines}`,
      );
    const inside = (script: string) => rig(['exec', '--', 'sh', '-ec', script], { cwd: folder });
    const doctor = async (env: NodeJS.ProcessEnv = {}): Promise<Report> =>
      (await rig.json(['doctor'], { cwd: folder, env })) as unknown as Report;

    beforeAll(async () => {
      rig = await rigAt({ home: inject('v27Home') });
      folder = await emptyFolder();
      await write('');
      await rig.json(['up'], { cwd: folder });
    }, 1_800_000);
    afterAll(async () => {
      await rig.dispose();
      await rm(folder, { recursive: true, force: true });
    });

    it('finds none of it in a healthy one', async () => {
      const report = await doctor();
      expect(provoked(report)).toEqual([]);
      const { steps } = report.environment.report;
      expect(Object.keys(steps)).toEqual(
        expect.arrayContaining(['files', 'libraries', 'products', 'compile', 'dataLoader', 'gloo', 'shm']),
      );
      expect(Object.entries(steps).filter(([, { ok }]) => !ok)).toEqual([]);
    });

    // Without a GPU at all, or with all hidden: both are known.
    const noGpu = 'import torch; torch.ones(1).cuda()';
    const EXPLAINED =
      /RuntimeError: [^\n]*\n\nrig: [^\n]*\(rig explain (driver_not_running|no_gpus)\)\n[\s\S]*remedy: /;

    it('exec explains what fails for a known reason, after its own words and with its own code', async () => {
      const run = ['exec', '-e', 'CUDA_VISIBLE_DEVICES=', '--', 'python', '-c'];
      const known = await rig([...run, `print("before"); ${noGpu}`], { cwd: folder });
      expect(known).toMatchObject({ code: 1, stdout: 'before\n' });
      expect(known.stderr).toMatch(EXPLAINED);
      const asJson = await rig([...run.toSpliced(1, 0, '--json'), noGpu], { cwd: folder });
      expect(JSON.parse(asJson.stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
        explanations: [{ id: expect.any(String) as string, remedy: expect.any(String) as string }],
      });
      const quiet = await rig([...run.toSpliced(1, 0, '--quiet'), noGpu], { cwd: folder });
      expect(quiet.stderr).not.toContain('remedy');
      const unknown = await rig([...run, 'raise ValueError("the moon")'], { cwd: folder });
      expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/the moon\n$/) as string });
    });

    it.skipIf(!hasScript)(
      `the same on a terminal, which stays one${hasScript ? '' : ' (skipped: script(1), which plays it, is missing)'}`,
      async () => {
        const code = `import sys; print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty()); ${noGpu}`;
        const words = [
          process.execPath,
          RIG,
          'exec',
          '-e',
          'CUDA_VISIBLE_DEVICES=',
          '--',
          'python',
          '-c',
          code,
        ];
        const quoted = words.map((word) => `'${word}'`).join(' ');
        const ran = await ended(
          spawn('script', ['-qefc', quoted, '/dev/null'], {
            cwd: folder,
            env: { ...process.env, TORCHRIG_HOME: rig.home, NO_COLOR: '1' },
          }),
        );
        expect(ran.code).toBe(1);
        const shown = ran.stdout.replaceAll('\r', '');
        expect(shown).toContain('True True True\n');
        expect(shown).toMatch(EXPLAINED);
      },
    );

    it('finds a small /dev/shm, no compiler, a stray cuDNN, a read-only workspace and a dead package source, all at once', async () => {
      await rig(['down', '--purge', '--yes'], { cwd: folder });
      await write('shm: 1m\nenv: { LD_LIBRARY_PATH: /opt/stray }\n');
      await rig(['up'], { cwd: folder });
      await inside(
        'mkdir /opt/stray; cp /opt/torchrig/env/lib/python3.11/site-packages/nvidia/cudnn/lib/libcudnn.so.9 /opt/stray; rm -f $(which gcc g++ cc c++)',
      );
      // From outside: inside, nobody may mount.
      const { pid } = await rig.json(['status'], { cwd: folder });
      await runProgram('nsenter', ['-t', String(pid), '-m', 'mount', '-o', 'remount,bind,ro', '/workspace']);
      const report = await doctor({ PIP_INDEX_URL: `http://127.0.0.1:${await closedPort()}/simple` });
      expect(ids(report).toSorted()).toEqual([
        'fail no-compiler',
        'fail shm-small',
        'fail stray-libraries',
        'fail workspace-unwritable',
        'warn source-unreachable',
      ]);
      for (const { remedy } of provoked(report))
        expect(remedy).toMatch(/rig (down|up|exec)|chown|pip config/);
      expect(provoked(report).find(({ id }) => id === 'stray-libraries')?.evidence).toContain(
        '/opt/stray/libcudnn.so.9',
      );
      expect(provoked(report).find(({ id }) => id === 'shm-small')?.evidence).toBe('1048576 bytes');
    });

    it('exec explains a DataLoader that dies of it, after its own words and with its own exit code', async () => {
      const code =
        'import torch, torch.utils.data as d\nfor _ in d.DataLoader(torch.zeros(64, 1 << 18), batch_size=8, num_workers=1): pass';
      const ran = await rig(['exec', '--', 'python', '-c', code], { cwd: folder });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/Traceback[\s\S]*RuntimeError: [\s\S]*\nrig: [\s\S]*remedy: .*shm/);
      await rig(['down', '--purge', '--yes'], { cwd: folder });
    });

    // Its failed verification forgets the image's good one: after the tests that come up on the strength of that.
    it('finds a corrupted torch library: one that cannot be loaded, and one where a byte in the middle changed', async () => {
      await write('');
      await rig(['up'], { cwd: folder });
      const lib = '/opt/torchrig/env/lib/python3.11/site-packages/torch/lib';
      const put = 'dd bs=1 conv=notrunc status=none';
      await inside(
        `cd ${lib}; printf X | ${put} seek=9000 of=libcaffe2_nvrtc.so; printf XXXX | ${put} of=libtorch_python.so`,
      );
      const report = await doctor();
      expect(ids(report)).toEqual(['fail library-corrupt']);
      const [found] = provoked(report);
      expect(found?.evidence).toMatch(/libcaffe2_nvrtc\.so .*libtorch_python\.so /);
      expect(found?.remedy).toContain('rig down --purge && rig up');
      // The verification of up sees only that torch does not load, and says what that means.
      const up = await rig(['up', '--verify', '--json'], { cwd: folder });
      expect(up.code).toBe(1);
      expect(JSON.parse(up.stdout)).toMatchObject({ verification: { ok: false } });
      expect((JSON.parse(up.stdout) as { verification: Report }).verification.findings).toContainEqual(
        expect.objectContaining({
          id: 'torch-broken',
          title: expect.stringContaining('a library file is damaged') as string,
          remedy: expect.stringContaining('rig down --purge') as string,
        }),
      );
      // What follows from it is not told as well.
      expect(report.findings.filter(({ severity }) => severity === 'fail')).toHaveLength(1);
      await rig(['down', '--purge', '--yes'], { cwd: folder });
    });

    // What was verified without the limit does not count under it: up looks again by itself.
    it.skipIf(!canLimit).each([200, 600])(
      `finds a memory limit of %d MB, in up too, and soon${canLimit ? '' : ' (skipped: no memory cgroup can be made here)'}`,
      async (limit) => {
        await rig(['down', '--purge', '--yes'], { cwd: folder });
        await write(`memory: ${limit}m\n`);
        const evidence = `cgroup limit ${limit * 2 ** 20} bytes`;
        const began = performance.now();
        const up = await rig(['up', '--json'], { cwd: folder });
        expect(up.code).toBe(1);
        expect(JSON.parse(up.stdout)).toMatchObject({
          verification: {
            ok: false,
            findings: [{ id: 'memory-low', evidence }],
          },
        });
        const report = await doctor();
        expect(ids(report)).toEqual(['fail memory-low']);
        expect(provoked(report)[0]).toMatchObject({
          evidence,
          remedy: expect.stringContaining('memory: 8g in torchrig.yaml') as string,
        });
        expect(performance.now() - began).toBeLessThan(60_000);
        await rig(['down', '--purge', '--yes'], { cwd: folder });
      },
    );
  },
);

/** A port of the loopback at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
