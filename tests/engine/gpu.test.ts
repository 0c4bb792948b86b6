import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandboxEngine } from '../../src/engine/index.ts';
import type { Engine, EnvironmentStart } from '../../src/engine/index.ts';
import { homeLayout } from '../../src/kernel/index.ts';
import { capture } from './capture.ts';
import { noRootReason, testRoot } from './testRoot.ts';

const reason = noRootReason();

/** The first bytes of an ELF library of this processor (elf(5)), and then a word to recognise it by. */
function library(word: string, bits = 2): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write('\u007fELF', 0, 'latin1');
  bytes[4] = bits;
  bytes.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, 18);
  bytes.write(word, 32);
  return bytes;
}

describe.skipIf(reason)(
  `GPUs of a made-up machine inside the sandbox${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    let base: string;
    let engine: Engine;
    let request: EnvironmentStart;
    const put = async (path: string, content: string | Buffer): Promise<void> => {
      const at = join(base, 'machine', path);
      await mkdir(dirname(at), { recursive: true });
      await writeFile(at, content);
    };
    const inside = async (line: string): Promise<string> =>
      (await capture(engine, 'gpu', ['sh', '-c', line])).out;

    beforeAll(async () => {
      base = await mkdtemp(join(tmpdir(), 'rig-gpu-'));
      await mkdir(join(base, 'work'));
      for (const name of ['nvidiactl', 'nvidia-uvm', 'nvidia0', 'nvidia1']) await put(`dev/${name}`, name);
      await put('sys/module/nvidia/version', '570.86.10\n');
      await put('usr/lib/x86_64-linux-gnu/libcuda.so.570.86.10', library('cuda'));
      await put('usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.86.10', library('ml'));
      await put('usr/lib/x86_64-linux-gnu/libunrelated.so.1', library('no'));
      await symlink('libcuda.so.570.86.10', join(base, 'machine/usr/lib/x86_64-linux-gnu/libcuda.so.1'));
      await symlink(
        'libnvidia-ml.so.570.86.10',
        join(base, 'machine/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1'),
      );
      await put('usr/bin/nvidia-smi', '#!/bin/sh\necho smi\n');
      for (const minor of [0, 1]) {
        await put(
          `proc/driver/nvidia/gpus/0000:0${minor}:00.0/information`,
          `GPU UUID: \t GPU-${minor}${minor}aa\nDevice Minor: \t ${minor}\n`,
        );
      }
      engine = createSandboxEngine({
        layout: homeLayout(join(base, 'home')),
        machine: join(base, 'machine'),
      });
      request = {
        name: 'gpu',
        imageDigest: `sha256:${'9'.repeat(64)}`,
        lower: await testRoot(),
        image: {},
        workspace: join(base, 'work'),
      };
    });
    afterAll(async () => {
      await engine.remove('gpu', { purge: true });
      await rm(base, { recursive: true, force: true });
    });

    it('all: nodes, libraries where the loader looks, nvidia-smi, and no copy in the writable layer', async () => {
      const { notices } = await engine.start({ ...request, gpus: 'all' });
      expect(notices).toEqual([]);
      expect(await inside('cd /dev && echo nvidia*')).toBe('nvidia-uvm nvidia0 nvidia1 nvidiactl\n');
      const libraries = '/usr/lib/x86_64-linux-gnu';
      expect(
        await inside(
          `tail -c +33 ${libraries}/libcuda.so.1 | head -c 4; tail -c +33 ${libraries}/libnvidia-ml.so.1 | head -c 2`,
        ),
      ).toBe('cudaml');
      expect(await inside(`ls ${libraries}/libunrelated* /run/nvidia/lib | tail -4`)).toContain(
        'libcuda.so.1',
      );
      expect(await inside('echo $TRITON_LIBCUDA_PATH; head -1 /usr/bin/nvidia-smi')).toBe(
        '/run/nvidia/lib\n#!/bin/sh\n',
      );
      expect(await inside('echo x 2>/dev/null >>/run/nvidia/lib/libcuda.so.1 || echo refused')).toContain(
        'refused',
      );
      await engine.stop('gpu');
    });

    it('some, by index and by UUID: only their nodes', async () => {
      await engine.start({ ...request, gpus: ['GPU-11aa'] });
      expect(await inside('cd /dev && echo nvidia*')).toBe('nvidia-uvm nvidia1 nvidiactl\n');
      await engine.stop('gpu');
    });

    it('none: nothing, and links of an earlier start count as missing', async () => {
      await engine.start({ ...request, gpus: 'none' });
      expect(
        await inside(
          'cd /dev && echo nvidia*; test -e /usr/lib/x86_64-linux-gnu/libcuda.so.1 || echo missing',
        ),
      ).toBe('nvidia*\nmissing\n');
      await engine.stop('gpu');
    });

    it('a driver that was upgraded under the running kernel is named', async () => {
      await put('sys/module/nvidia/version', '575.51.03\n');
      const { notices } = await engine.start({ ...request, gpus: [0] });
      expect(notices.join()).toMatch(/575\.51\.03.*570\.86\.10.*reboot/);
      await engine.stop('gpu');
    });
  },
);
