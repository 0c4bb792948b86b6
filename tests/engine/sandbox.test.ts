import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandboxEngine } from '../../src/engine/index.ts';
import type { Engine, EnvironmentStart, Started } from '../../src/engine/index.ts';
import { homeLayout } from '../../src/kernel/index.ts';
import { capture, until } from './capture.ts';
import { CHECKOUT, noRootReason, testRoot } from './testRoot.ts';

const reason = noRootReason();
const NAME = 'box';

describe.skipIf(reason)(`the sandbox as root${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let base: string;
  let engine: Engine;
  let request: EnvironmentStart;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'rig-engine-'));
    await mkdir(join(base, 'work'));
    engine = createSandboxEngine({ layout: homeLayout(join(base, 'home')) });
    request = {
      name: NAME,
      imageDigest: `sha256:${'a'.repeat(64)}`,
      lower: await testRoot(),
      image: { env: ['FROM_IMAGE=yes'], cmd: ['sleep', 'infinity'] },
      workspace: join(base, 'work'),
      env: { LOG_LEVEL: 'DEBUG', 'ODD.NAME': "it's" },
      shm: 64 * 2 ** 20,
      files: [{ path: '/run/secret/token', content: 'hush', mode: 0o600 }],
      ports: { jupyter: 8888 },
    };
  });
  afterAll(async () => {
    for (const { name } of await engine.list()) await engine.remove(name, { purge: true });
    await rm(base, { recursive: true, force: true });
  });
  const inside = async (...command: string[]): Promise<string> => {
    const { out, err, code } = await capture(engine, NAME, command);
    return code === 0 ? out.trim() : `${code}: ${err.trim()}`;
  };
  const refused = async (change: Partial<EnvironmentStart>): Promise<unknown> =>
    engine.start({ ...request, name: 'never', ...change }).catch((error: unknown) => error);
  const sh = async (line: string): Promise<string> => inside('sh', '-c', line);

  describe('one environment', () => {
    beforeAll(async () => {
      await engine.start(request);
    });
    afterAll(async () => engine.stop(NAME));

    it('is isolated: own processes, host name, IPC, devices, /dev/shm, /tmp', async () => {
      expect(await sh('cat /proc/1/cmdline | tr "\\0" " "')).toContain('tini -- sleep infinity');
      expect(await sh('ls /proc | grep -c "^[0-9]"')).toMatch(/^[1-9]$/);
      expect(await inside('hostname')).toBe(NAME);
      expect(await inside('ls', '/dev')).not.toMatch(/sda|vda|kmsg|nvme|mem$/m);
      expect(await sh('df -k --output=size /dev/shm | tail -1')).toBe(String(64 * 1024));
      expect(await sh('ls -A /tmp; stat -c %a /tmp')).toBe('1777');
      expect(await sh('cd /proc/1/root/.. && ls -d /.rig-host 2>&1 || true')).toContain('No such file');
    });

    it("has no more of root's powers than apt and sshd need", async () => {
      expect(await sh('mknod /x b 8 0 2>&1 || true')).toContain('not permitted');
      expect(await sh('mount -t tmpfs x /mnt 2>&1 || true')).toMatch(/permission denied|not permitted/);
      expect(await sh('echo 1 2>/dev/null >/proc/sys/kernel/sysrq || echo refused')).toBe('refused');
      expect(await sh('mount -o remount,rw /run/rig 2>/dev/null || echo refused')).toBe('refused');
      expect(await sh('date -s 2001-01-01 >/dev/null 2>&1 || echo refused')).toBe('refused');
      expect(
        await sh(
          'cd / && for i in 1 2 3 4 5 6 7 8; do cd ..; done; chroot . ls /etc/hostname && cat /etc/hostname',
        ),
      ).toContain(NAME);
    });

    it("gets the image's and the user's environment, and nothing of ours", async () => {
      const env = await inside('env');
      expect(env).toContain('FROM_IMAGE=yes');
      expect(env).toContain('LOG_LEVEL=DEBUG');
      expect(env).toContain("ODD.NAME=it's");
      expect(env).not.toMatch(/VITEST|NODE_|SUDO|SSH_/);
      const main = await sh('tr "\\0" "\\n" </proc/1/environ');
      expect(main).toContain("ODD.NAME=it's");
      expect(main).not.toContain('VITEST');
    });

    it("shows the workspace twice, and files made inside are the caller's", async () => {
      await inside('touch', '/workspace/made');
      expect((await stat(join(base, 'work/made'))).uid).toBe(process.getuid?.());
      expect(await inside('ls', '/root/workspace')).toContain('made');
    });

    it('has the files it was given, with their modes', async () => {
      expect(await sh('cat /run/secret/token; stat -c " %a %u" /run/secret/token')).toBe('hush 600 0');
      expect(await sh('cat /etc/resolv.conf')).toBe((await readFile('/etc/resolv.conf', 'utf8')).trim());
      const listed = execFileSync('ps', ['axww', '-o', 'args']).toString();
      expect(listed).not.toContain('hush');
    });

    it('passes on exit codes, streams and the working folder', async () => {
      expect((await capture(engine, NAME, ['sh', '-c', 'exit 7'])).code).toBe(7);
      expect((await capture(engine, NAME, ['no-such-program'])).code).toBe(127);
      const bytes = Buffer.alloc(3_000_000, 'ab\0\r\n');
      expect((await capture(engine, NAME, ['cat'], { input: bytes })).bytes.equals(bytes)).toBe(true);
      expect((await capture(engine, NAME, ['pwd'], { workdir: '/usr/lib' })).out.trim()).toBe('/usr/lib');
      expect(await engine.exec(NAME, { command: ['sh', '-c', 'kill -9 $$'] })).toBe(137);
    });

    it('is there but once however often it is started', async () => {
      const first = await engine.status(NAME);
      const again = await engine.start(request);
      expect(again).toMatchObject({ alreadyRunning: true, pid: first.pid, ports: { jupyter: 8888 } });
      expect(again.startMs).toBeLessThanOrEqual(50);
      expect(await engine.list()).toMatchObject([{ name: NAME, state: 'running' }]);
    });

    it('leaves nothing running when an exec is killed', async () => {
      const child = await engine.spawn(NAME, { command: ['sleep', '4711'], stdio: 'ignore' });
      await until(async () => (await sh('ps ax')).includes('sleep 4711'));
      child.kill('SIGKILL');
      expect(await until(async () => !(await sh('ps ax')).includes('sleep 4711'))).toBe(true);
    });

    it('ends an exec that is aborted', async () => {
      const stop = new AbortController();
      const code = engine.exec(NAME, { command: ['sleep', '4712'], signal: stop.signal });
      await until(async () => (await sh('ps ax')).includes('sleep 4712'));
      stop.abort();
      expect(await code).toBe(143);
    });

    it('keeps what was written, empties /tmp, and never writes into the image', async () => {
      await sh('echo kept >/etc/kept; rm /usr/bin/free; touch /tmp/gone; mv /opt /opt.old');
      await engine.stop(NAME);
      expect(await engine.status(NAME)).toMatchObject({ state: 'exited', exitCode: 143 });
      await engine.start(request);
      expect(
        await sh('cat /etc/kept; ls -A /tmp; ls -d /opt.old; ls /usr/bin/free 2>/dev/null || echo no'),
      ).toBe('kept\n/opt.old\nno');
      expect(existsSync(join(request.lower, 'etc/kept'))).toBe(false);
      expect(existsSync(join(request.lower, 'usr/bin/free'))).toBe(true);
    });

    it('gives each image a layer of its own', async () => {
      await engine.stop(NAME);
      await engine.start({ ...request, imageDigest: `sha256:${'b'.repeat(64)}` });
      expect(await sh('ls /etc/kept 2>/dev/null || echo fresh')).toBe('fresh');
      await engine.stop(NAME);
      await engine.start(request);
      expect(await sh('cat /etc/kept')).toBe('kept');
    });
  });

  describe('init', () => {
    let bare: string;
    beforeAll(async () => {
      bare = join(base, 'bare');
      execFileSync('cp', ['-al', request.lower, bare]);
      await rm(join(bare, 'usr/bin/tini'));
    });
    for (const kind of ['tini', 'a shell'] as const) {
      it(`${kind} reaps orphans, passes TERM on and ends as its command does`, async () => {
        const command = ['sh', '-c', 'trap "echo bye; exit 7" TERM; echo up; while :; do sleep 0.05; done'];
        const lower = kind === 'tini' ? request.lower : bare;
        const name = `init-${kind.slice(-5)}`;
        await engine.start({
          ...request,
          name,
          lower,
          command,
          imageDigest: `sha256:${lower.length}${'c'.repeat(40)}`,
        });
        await capture(engine, name, ['sh', '-c', 'for i in 1 2 3; do (sleep 0.1 &) ; done']);
        await until(async () => !/defunct| Z/.test((await capture(engine, name, ['ps', 'ax'])).out));
        await until(async () => (await readLog(engine, name)).includes('up'));
        await engine.stop(name);
        expect(await engine.status(name)).toMatchObject({ state: 'exited', exitCode: 7 });
        expect(await readLog(engine, name)).toContain('bye');
        await engine.remove(name, { purge: true });
      });
      it(`${kind} leaves Ctrl-C to Python`, async () => {
        const name = `int-${kind.slice(-5)}`;
        const lower = kind === 'tini' ? request.lower : bare;
        const command = [
          'python3',
          '-c',
          'import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True); signal.pause()',
        ];
        await engine.start({ ...request, name, lower, command });
        expect(await until(async () => (await readLog(engine, name)).includes('True'))).toBe(true);
        await engine.remove(name, { purge: true });
      });
    }
    it('kills what does not listen', async () => {
      await engine.start({
        ...request,
        name: 'deaf',
        command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'],
      });
      await engine.stop('deaf', { timeoutMs: 300 });
      expect(await engine.status('deaf')).toMatchObject({ state: 'exited', exitCode: 137 });
      await engine.remove('deaf', { purge: true });
    });
  });

  describe('accidents', () => {
    const name = 'hurt';
    const start = async (): Promise<number> => (await engine.start({ ...request, name })).pid;
    afterAll(async () => engine.remove(name, { purge: true }));

    it('kill -9 of the init: seen at once, and startable', async () => {
      process.kill(await start(), 'SIGKILL');
      await until(async () => (await engine.status(name)).state === 'exited');
      await start();
      expect((await capture(engine, name, ['true'])).code).toBe(0);
    });

    it('kill -9 of unshare takes everything along', async () => {
      process.kill(await parentOf(await start()), 'SIGKILL');
      await until(async () => (await engine.status(name)).state !== 'running');
      expect(await start()).toBeGreaterThan(1);
    });

    it('kill -9 of the supervisor: the environment lives on; only its exit code is lost', async () => {
      const pid = await start();
      process.kill(await parentOf(await parentOf(pid)), 'SIGKILL');
      expect(await engine.status(name)).toMatchObject({ state: 'running', pid });
      expect((await engine.start({ ...request, name })).pid).toBe(pid);
      process.kill(pid, 'SIGKILL');
      await until(async () => (await engine.status(name)).state === 'lost');
      expect((await engine.status(name)).reason).toContain('killed');
      await start();
    });

    it('a reboot: an old process number is not trusted', async () => {
      await start();
      await engine.stop(name);
      const folder = join(base, 'home/envs', name);
      // the number of a living process, with its true start time, but of an earlier boot
      const own = await readFile('/proc/self/stat', 'utf8');
      await writeFile(join(folder, 'box'), `${own.trim()}\npid:[1]\n00000000-0000-0000-0000-000000000000\n`);
      await rm(join(folder, 'exit'));
      expect(await engine.status(name)).toMatchObject({ state: 'lost', reason: 'the machine was restarted' });
      await start();
      expect(await engine.status(name)).toMatchObject({ state: 'running' });
    });

    it('torn files: a start makes them anew', async () => {
      await engine.stop(name);
      const folder = join(base, 'home/envs', name);
      await writeFile(join(folder, 'box'), '12 (s');
      await writeFile(join(folder, 'state.json'), '{"version":1,');
      await start();
      expect(await engine.status(name)).toMatchObject({ state: 'running' });
    });

    it('kill -9 of the starter at any point: the next start works, and nothing is mounted twice', async () => {
      const calls = JSON.stringify([['start', { ...request, name }]]);
      for (let round = 0; round < 6; round += 1) {
        await engine.stop(name);
        const child = spawn(
          process.execPath,
          ['--import', 'tsx', join(CHECKOUT, 'tests/engine/driver.ts'), join(base, 'home'), calls],
          {
            cwd: CHECKOUT,
            stdio: 'ignore',
          },
        );
        const box = join(base, 'home/envs', name, 'state.json');
        const before = (await stat(box)).mtimeMs;
        await until(async () => (await stat(box)).mtimeMs !== before);
        await new Promise((done) => setTimeout(done, round * 25));
        child.kill('SIGKILL');
        const { pid } = await engine.start({ ...request, name });
        expect((await capture(engine, name, ['true'])).code).toBe(0);
        expect(await boxes(join(base, 'home/envs', name))).toEqual([pid]);
      }
    });

    it('two starts at once make one environment', async () => {
      await engine.stop(name);
      const other = createSandboxEngine({ layout: homeLayout(join(base, 'home')) });
      const [a, b] = await Promise.all([
        engine.start({ ...request, name }),
        other.start({ ...request, name }),
      ]);
      expect(a.pid).toBe(b.pid);
      expect([a.alreadyRunning, b.alreadyRunning].filter(Boolean)).toHaveLength(1);
    });
  });

  it('is not led astray by links and programs planted inside', async () => {
    const name = 'hostile';
    const victim = join(base, 'victim');
    await writeFile(victim, 'untouched');
    await engine.start({ ...request, name });
    const plant = [
      `ln -sf ${victim} /etc/resolv.conf`,
      'rm -rf /srv && ln -s /var/lib /srv',
      `for p in umount mount setpriv mkdir cp; do printf '#!/bin/sh\\necho planted >>/workspace/planted; exit 1\\n' >/tmp/x; chmod +x /tmp/x; cp /tmp/x /usr/bin/$p.new; done`,
      'for p in umount mount setpriv mkdir cp; do mv /usr/bin/$p.new /usr/bin/$p; done',
    ];
    await capture(engine, name, ['sh', '-c', plant.join('\n')]);
    await engine.stop(name);
    await engine.start({
      ...request,
      name,
      mounts: [{ source: join(base, 'work'), target: '/srv/rig-deep/er', readonly: true }],
    });
    expect(await readFile(victim, 'utf8')).toBe('untouched');
    expect(await readdir('/var/lib')).not.toContain('rig-deep');
    expect(await readdir(join(base, 'work'))).not.toContain('planted');
    expect((await capture(engine, name, ['id', '-u'])).out.trim()).toBe('0');
    await engine.remove(name, { purge: true });
  });

  it('empties /tmp before anything of the host is mounted there', async () => {
    const precious = join(base, 'precious');
    await mkdir(precious);
    await writeFile(join(precious, 'thesis'), 'x');
    const mounts = [{ source: precious, target: '/tmp/precious', readonly: false }];
    for (let round = 0; round < 2; round += 1) {
      await engine.start({ ...request, name: 'tmp', mounts });
      expect((await capture(engine, 'tmp', ['ls', '/tmp/precious'])).out).toBe('thesis\n');
      await engine.stop('tmp');
    }
    expect(await readdir(precious)).toEqual(['thesis']);
    await engine.remove('tmp', { purge: true });
  });

  it('binds read-only what is to be read only, with everything below it', async () => {
    const outer = join(base, 'outer');
    await mkdir(join(outer, 'below'), { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'x', join(outer, 'below')]);
    try {
      const mounts = [{ source: outer, target: '/workspace/data/raw', readonly: true }];
      await engine.start({ ...request, name: 'ro', mounts });
      const line = 'for d in raw raw/below; do touch /workspace/data/$d/x 2>/dev/null || echo refused; done';
      expect((await capture(engine, 'ro', ['sh', '-c', line])).out).toBe('refused\nrefused\n');
      await engine.remove('ro', { purge: true });
    } finally {
      execFileSync('umount', [join(outer, 'below')]);
    }
  });

  it('follows a log over its truncation, to the end', async () => {
    const name = 'talker';
    const command = [
      'sh',
      '-c',
      'echo one; while [ ! -e /workspace/go ]; do sleep 0.05; done; echo two; sleep 0.5; exit 3',
    ];
    await engine.start({ ...request, name, command });
    let text = '';
    const reading = (async () => {
      for await (const chunk of engine.logs(name, { follow: true })) text += chunk.toString();
    })();
    await until(() => text.includes('one'));
    const log = join(base, 'home/envs', name, 'log');
    expect((await stat(log)).mode & 0o777).toBe(0o600);
    // as the supervisor does it
    execFileSync('cp', [log, `${log}.1`]);
    execFileSync('truncate', ['-s', '0', log]);
    await writeFile(join(base, 'work/go'), '');
    await reading;
    expect(text).toBe('one\ntwo\n');
    expect(await engine.status(name)).toMatchObject({ state: 'exited', exitCode: 3 });
    await engine.remove(name, { purge: true });
    await rm(join(base, 'work/go'));
  });

  it('purges everything but the workspace', async () => {
    await engine.start({ ...request, name: 'gone' });
    await capture(engine, 'gone', ['sh', '-c', 'touch /root/x /workspace/stays; chmod 0 /root']);
    await engine.remove('gone', { purge: true });
    expect(await readdir(join(base, 'home/envs'))).not.toContain('gone');
    expect(await engine.status('gone')).toMatchObject({ state: 'missing' });
    expect((await lstat(join(base, 'work/stays'))).isFile()).toBe(true);
  });

  describe('refusals', () => {
    it.each([
      ['a bad name', { name: '../x' }, 'RIG-ENGINE-001'],
      ['no workspace', { workspace: '/no/such/folder' }, 'RIG-ENGINE-005'],
      ['no image', { lower: '/no/such/root' }, 'RIG-ENGINE-003'],
      [
        'a target that climbs',
        { mounts: [{ source: '/etc', target: '/a/../..', readonly: true }] },
        'RIG-ENGINE-005',
      ],
      ['a GPU that is not there', { gpus: [97] }, 'RIG-ENGINE-011'],
    ])('%s', async (_title, change, code) => {
      expect(await refused(change)).toMatchObject({ code });
    });
    it('an exec into what does not run', async () => {
      await expect(engine.exec('nobody', { command: ['true'] })).rejects.toMatchObject({
        code: 'RIG-ENGINE-002',
      });
    });
    it('stopping and purging what is not there is no error', async () => {
      await engine.stop('nobody');
      await engine.remove('nobody', { purge: true });
      expect(await engine.list()).not.toContainEqual(expect.objectContaining({ name: 'nobody' }));
    });
    it('a home that cannot be written', async () => {
      const readonly = createSandboxEngine({ layout: homeLayout('/etc/passwd/none') });
      await expect(readonly.start(request)).rejects.toMatchObject({
        code: 'RIG-ENGINE-013',
        hint: expect.stringContaining('TORCHRIG_HOME'),
      });
    });
    it('a root without programs: the reason is what the failing program said', async () => {
      const empty = join(base, 'empty');
      await mkdir(join(empty, 'etc'), { recursive: true });
      await symlink('/tmp', join(empty, 'dev'));
      expect(await refused({ lower: empty })).toMatchObject({
        code: 'RIG-ENGINE-003',
        why: expect.stringContaining('symbolic link'),
      });
    });
  });

  const cgroups = spawnSync('sh', ['-c', 'grep -q "^[^ ]* [^ ]* cgroup .*memory" /proc/mounts']).status === 0;
  describe.skipIf(!cgroups)(
    `limits${cgroups ? '' : ' (skipped: no memory cgroup of version 1 here)'}`,
    () => {
      const name = 'limited';
      let limited: Started;
      beforeAll(async () => {
        limited = await engine.start({ ...request, name, memory: 256 * 2 ** 20, cpus: 0.5, shm: 2 ** 30 });
      });
      afterAll(async () => engine.remove(name, { purge: true }));

      it('says what is other than asked', () => {
        expect(limited.notices).toEqual([
          'shm: 128m instead of 1g, half of the memory limit (what lies there counts as memory)',
        ]);
      });
      it('memory holds for an exec, and the environment survives', async () => {
        const eat = 'b = bytearray(600 * 2**20); print(len(b))';
        expect((await capture(engine, name, ['python3', '-c', eat])).code).toBe(137);
        expect(await engine.status(name)).toMatchObject({ state: 'running' });
      });
      it('a full /dev/shm is a full disk, not a dead machine', async () => {
        const { code, err } = await capture(engine, name, ['sh', '-c', 'head -c 200m /dev/zero >/dev/shm/x']);
        expect(code).not.toBe(0);
        expect(err).toContain('No space left');
        await capture(engine, name, ['rm', '/dev/shm/x']);
      });
      it('cpu holds: half a core', async () => {
        const spin =
          'import time; w=time.time(); c=time.process_time()\nwhile time.time()-w<1.5: pass\nprint((time.process_time()-c)/(time.time()-w))';
        const share = Number((await capture(engine, name, ['python3', '-c', spin])).out);
        expect(share).toBeLessThan(0.7);
        expect((await capture(engine, name, ['sh', '-c', 'echo $OMP_NUM_THREADS'])).out.trim()).toBe('1');
      });
      it('an environment that dies of it says so, and its groups go with it', async () => {
        await engine.stop(name);
        const eat = 'b = bytearray(600 * 2**20)';
        await engine.start({ ...request, name, memory: 256 * 2 ** 20, command: ['python3', '-c', eat] });
        await until(async () => (await engine.status(name)).state === 'exited');
        expect(await engine.status(name)).toMatchObject({ exitCode: 137, reason: 'killed: out of memory' });
        await engine.stop(name);
        expect(execFileSync('find', ['/sys/fs/cgroup', '-name', `torchrig-${name}-*`]).toString()).toBe('');
      });
    },
  );
});

async function readLog(engine: Engine, name: string): Promise<string> {
  let text = '';
  for await (const chunk of engine.logs(name)) text += chunk.toString();
  return text;
}

/** Processes that are the first of a pid namespace and whose root is this environment's. */
async function boxes(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const [status, mounts] = await Promise.all(
      ['status', 'mountinfo'].map(async (file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    );
    if (/^NSpid:\s*\d+\s+1$/m.test(status ?? '') && mounts?.includes(`upperdir=${folder}/`))
      found.push(Number(pid));
  }
  return found;
}

async function parentOf(pid: number): Promise<number> {
  return Number(/^PPid:\s*(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
