import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvironmentStart } from '../../src/engine/index.ts';
import { drive } from './asUser.ts';
import { APT, KEPT, PIP } from './packages.ts';
import { makeUser, noUserReason, removeUser, rootFor, testRoot } from './testRoot.ts';
import type { TestUser } from './testRoot.ts';

const reason = noUserReason();
const PERSON = 'rigtestperson';
const SYSTEM = '/usr/sbin:/usr/bin:/sbin:/bin';

describe.skipIf(reason)(`the sandbox in each mapping of ids${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let base: string;
  let person: TestUser;
  let own: string;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'rig-users-'));
    await chmod(base, 0o755);
    person = await makeUser(PERSON, true);
    own = join(base, 'person');
    for (const folder of [own, join(own, 'work')]) {
      await mkdir(folder);
      execFileSync('chown', [`${person.uid}:${person.gid}`, folder]);
    }
    await rootFor(person, own);
    await mkdir(join(base, 'work'));
  });
  afterAll(async () => {
    removeUser(PERSON);
    await rm(base, { recursive: true, force: true });
  });

  describe.each(['root', 'range', 'single'] as const)('%s', (mode) => {
    const name = `env-${mode}`;
    let request: EnvironmentStart;
    let options: { home: string; user?: TestUser };
    let workspace: string;
    let answers: Record<string, unknown>[];
    const run = async (line: string): Promise<{ code: number; out: string; err: string }> => {
      const [answer] = await drive(options, [['capture', name, ['sh', '-c', line]]]);
      return answer as { code: number; out: string; err: string };
    };
    beforeAll(async () => {
      if (mode !== 'root') person = await makeUser(PERSON, mode === 'range');
      workspace = mode === 'root' ? join(base, 'work') : join(own, 'work');
      request = requestFor(name, mode === 'root' ? await testRoot() : join(own, 'root'), workspace);
      options = mode === 'root' ? { home: join(base, 'home') } : { home: join(own, 'home'), user: person };
      if (mode !== 'root') execFileSync('chown', ['-R', `${person.uid}:${person.gid}`, own]);
      answers = await drive(options, [['probe'], ['start', request]]);
    });
    afterAll(async () => {
      await drive(options, [['purge', name]]);
    });

    it('is found out by a probe', () => {
      expect(answers[0]).toMatchObject({ usable: true, mode });
      expect(answers[1]).toMatchObject({ mode, alreadyRunning: false });
    });

    it("is root inside, and its files are the caller's outside", async () => {
      expect((await run('id -u; touch /workspace/made; stat -c %u /workspace/made')).out).toBe('0\n0\n');
      expect((await stat(join(workspace, 'made'))).uid).toBe(mode === 'root' ? 0 : person.uid);
    });

    it('pip works as people expect', async () => {
      expect(await run(PIP)).toMatchObject({ code: 0, out: 'pip 2.0\n' });
    });

    it('apt-get, useradd, su and sudo work as people expect', async () => {
      const { code, out, err } = await run(APT);
      expect({ code, out, err: code === 0 ? '' : err }).toEqual({
        code: 0,
        out: 'apt install ok installed\n',
        err: '',
      });
    });

    it('and it lasts until the purge, which removes all of it', async () => {
      await drive(options, [
        ['stop', name],
        ['start', request],
      ]);
      expect(await run(KEPT)).toMatchObject({ code: 0, out: '2.0\nat version\nalice\n' });
      const after = await drive(options, [
        ['purge', name],
        ['status', name],
        ['start', request],
        ['capture', name, ['sh', '-c', 'id alice']],
      ]);
      expect(after[1]).toMatchObject({ state: 'missing' });
      expect(after[3]).toMatchObject({ code: 1 });
      expect((await readdir(join(options.home, 'envs'))).filter((entry) => entry.startsWith('.'))).toEqual(
        [],
      );
    });

    it('sshd starts, and takes a key', async () => {
      const lines = [
        'mkdir -p /root/.ssh /etc/rig && chmod 700 /root/.ssh && rm -f /etc/rig/key*',
        'ssh-keygen -q -t ed25519 -N "" -f /etc/rig/key && cp /etc/rig/key.pub /root/.ssh/authorized_keys',
        'printf "Port 42%03d\\nListenAddress 127.0.0.1\\nHostKey /etc/rig/key\\nUsePAM no\\nPidFile none\\nPasswordAuthentication no\\n" $(id -u) >/etc/rig/sshd',
        'sed -i "s/^Port.*/Port $1/" /etc/rig/sshd; /usr/sbin/sshd -D -e -f /etc/rig/sshd & pid=$!',
        'for i in 1 2 3 4 5 6 7 8 9 10; do ssh -p $1 -i /etc/rig/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@127.0.0.1 "echo over ssh as \\$(id -un)" && break; sleep 0.3; done',
        'kill $pid',
      ];
      const port = { root: '42811', range: '42812', single: '42813' }[mode];
      const [answer] = await drive(options, [['capture', name, ['sh', '-c', lines.join('\n'), 'sh', port]]]);
      expect((answer as { out: string }).out).toBe('over ssh as root\n');
    });
  });

  it('maps by hand where unshare is too old for --map-auto', async () => {
    person = await makeUser(PERSON, true);
    const tools = join(base, 'oldtools');
    await mkdir(tools);
    const old =
      '#!/bin/sh\ncase "$*" in *--help*) exit 0;; *--map-auto*) exit 1;; esac\nexec /usr/bin/unshare "$@"\n';
    await writeFile(join(tools, 'unshare'), old, { mode: 0o755 });
    const request = requestFor('by-hand', join(own, 'root'), join(own, 'work'));
    const options = { home: join(own, 'home'), user: person, path: `${tools}:${SYSTEM}` };
    const answers = await drive(options, [
      ['start', request],
      [
        'capture',
        'by-hand',
        [
          'sh',
          '-c',
          'awk "{print \\$1, \\$3}" /proc/self/uid_map; chown 5:5 /srv && stat -c %u /srv; kill -INT $$; echo deaf',
        ],
      ],
      ['stop', 'by-hand'],
      ['status', 'by-hand'],
      ['purge', 'by-hand'],
    ]);
    expect(answers[0]).toMatchObject({ mode: 'range' });
    expect(answers[1]).toMatchObject({ code: 130, out: '0 1\n1 65536\n5\n' });
    expect(answers[3]).toMatchObject({ state: 'exited', exitCode: 143 });
  });

  it('says what is not as asked', async () => {
    person = await makeUser(PERSON, false);
    const request = {
      ...requestFor('plain', join(own, 'root'), join(own, 'work')),
      memory: 2 ** 30,
      cpus: 1,
    };
    const [started] = await drive({ home: join(own, 'home'), user: person }, [
      ['start', request],
      ['purge', 'plain'],
    ]);
    const notices = (started as { notices: string[] }).notices.join('\n');
    expect(notices).toContain('memory: 1g is NOT enforced');
    expect(notices).toContain('cpus: 1 only by affinity');
    expect(notices).toMatch(/ids: only one id exists inside/);
  });

  it('refuses a root folder of somebody else', async () => {
    const request = requestFor('foreign', await testRoot(), join(own, 'work'));
    const [answer] = await drive({ home: join(own, 'home'), user: person, path: SYSTEM }, [
      ['start', request],
    ]);
    expect(answer).toMatchObject({ error: 'RIG-ENGINE-007' });
  });
});

function requestFor(name: string, lower: string, workspace: string): EnvironmentStart {
  return {
    name,
    imageDigest: `sha256:${'d'.repeat(64)}`,
    lower,
    image: { cmd: ['sleep', 'infinity'] },
    workspace,
  };
}
