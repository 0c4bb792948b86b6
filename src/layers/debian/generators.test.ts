import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Accounts } from './accounts.ts';
import { applyPam } from './pamStacks.ts';
import { aptSources } from './aptSources.ts';
import { imagePath, shippedPath } from './imagePath.ts';
import { ldSoCache, libraryOrder } from './ldSoCache.ts';
import { dpkgFilterConfig, pathFilter, SLIM_RULES } from './pathFilter.ts';
import { RootView } from './rootView.ts';
import { applyShells } from './shells.ts';
import { certificateOf, subjectHash } from './subjectHash.ts';

const text = (root: RootView, path: string): string => root.read(path).toString();

describe('accounts', () => {
  it('splits the passwords off, adds users after the master list, keeps ids apart', () => {
    const root = new RootView([], 0);
    const accounts = new Accounts('root:*:0:0:root:/root:/bin/bash\n', 'root:*:0:\nsudo:*:27:\n');
    accounts.addGroup('_ssh', 101);
    accounts.addGroup('sudo', 27);
    accounts.addUser({
      name: 'sshd',
      uid: 100,
      gid: 65534,
      gecos: '',
      home: '/run/sshd',
      shell: '/usr/sbin/nologin',
    });
    accounts.write(root, 20778);
    expect(text(root, '/etc/passwd')).toBe(
      'root:x:0:0:root:/root:/bin/bash\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n',
    );
    expect(text(root, '/etc/group')).toBe('root:x:0:\nsudo:x:27:\n_ssh:x:101:\n');
    expect(text(root, '/etc/shadow')).toBe('root:*:20778:0:99999:7:::\nsshd:!:20778::::::\n');
    expect(text(root, '/etc/gshadow')).toBe('root:*::\nsudo:*::\n_ssh:!::\n');
    expect(root.lstat('/etc/shadow')).toMatchObject({ mode: 0o640, uid: 0, gid: 42 });
    expect(() => accounts.addGroup('other', 101)).toThrow(/101/);
  });
});

describe('shells', () => {
  it('come from the template, the packages and the scripts, each with its place in merged /usr', () => {
    const root = new RootView([], 0);
    root.file('/usr/share/debianutils/shells', '# valid login shells\n/bin/sh\n');
    root.file('/usr/share/debianutils/shells.d/dash', '/bin/dash\n/usr/bin/dash# again\n');
    applyShells(root, ['/usr/bin/tmux']);
    expect(text(root, '/etc/shells').split('\n').slice(1)).toEqual([
      '/bin/sh',
      '/usr/bin/sh',
      '/bin/dash',
      '/usr/bin/dash',
      '/usr/bin/tmux',
      '',
    ]);
    expect(text(root, '/var/lib/shells.state')).not.toContain('tmux');
  });
});

describe('PAM', () => {
  it('counts jumps over the lines that follow, and sorts profiles by priority', () => {
    const root = new RootView([], 0);
    const template =
      '# top\n# here are the per-package modules (the "Primary" block)\n$x_primary\n# here\'s the fallback if no module succeeds\nx\n# and here are more per-package modules (the "Additional" block)\n$x_additional\n# end of pam-auth-update config\n';
    for (const stack of ['auth', 'account', 'password', 'session', 'session-noninteractive']) {
      root.file(`/usr/share/pam/common-${stack}`, template);
    }
    root.file(
      '/usr/share/pam-configs/unix',
      'Name: Unix\nDefault: yes\nPriority: 256\nAuth-Type: Primary\nAuth:\n\t[success=end default=ignore]\tpam_unix.so try_first_pass\nAuth-Initial:\n\t[success=end default=ignore]\tpam_unix.so\nSession-Type: Additional\nSession:\n\trequired\tpam_unix.so\n',
    );
    root.file(
      '/usr/share/pam-configs/sss',
      'Name: SSS\nDefault: yes\nPriority: 128\nAuth-Type: Primary\nAuth:\n\t[success=end default=ignore]\tpam_sss.so   use_first_pass\n',
    );
    root.file(
      '/usr/share/pam-configs/home',
      'Name: Home\nDefault: no\nPriority: 0\nSession-Type: Additional\nSession:\n\toptional\tpam_mkhomedir.so\n',
    );
    applyPam(root);
    const auth = text(root, '/etc/pam.d/common-auth').split('\n');
    expect(auth.slice(2, 4)).toEqual([
      'auth\t[success=2 default=ignore]\tpam_unix.so ',
      'auth\t[success=1 default=ignore]\tpam_sss.so use_first_pass',
    ]);
    expect(text(root, '/etc/pam.d/common-session-noninteractive')).toContain(
      'session\t[default=1]\t\t\tpam_permit.so\n',
    );
    expect(text(root, '/etc/pam.d/common-session')).not.toContain('mkhomedir');
    expect(text(root, '/var/lib/pam/seen')).toBe('unix\nsss\nhome\n');
    expect(text(root, '/var/lib/pam/session')).toBe(
      'Module: null\n[default=1]\t\t\tpam_permit.so\nModule: unix\nrequired\tpam_unix.so\n',
    );
  });
});

describe('path rules', () => {
  const skip = pathFilter(SLIM_RULES);
  it.each([
    ['/usr/share/doc/gcc/README', true, true],
    ['/usr/share/doc/gcc/copyright', true, false],
    ['/usr/share/doc/gcc', false, false],
    ['/usr/share/man/man1', false, true],
    ['/usr/share/man/de/man1/ls.1.gz', true, true],
    ['/usr/share/man', false, false],
    ['/usr/share/locale/de/LC_MESSAGES/ls.mo', true, true],
    ['/usr/bin/ls', true, false],
  ])('%s', (path, isFile, out) => expect(skip(path, isFile)).toBe(out));
  it('are written for dpkg too', () => {
    expect(dpkgFilterConfig(SLIM_RULES)).toContain(
      '\npath-exclude=/usr/share/doc/*\npath-include=/usr/share/doc/*/copyright\n',
    );
  });
});

describe('paths', () => {
  it.each([
    ['./bin/ls', 'usr/bin/ls'],
    ['./lib64/ld-linux-x86-64.so.2', 'usr/lib64/ld-linux-x86-64.so.2'],
    ['./lib', 'usr/lib'],
    ['./lib32/x', 'lib32/x'],
    ['./binary', 'binary'],
    ['./constructor', 'constructor'],
  ])('%s lies at %s', (name, path) => expect(imagePath(shippedPath(name, 'x'))).toBe(path));
  it.each(['/etc/x', './../x', './a/../x', './a//b', './a/./b', 'a\0b'])('%j is refused', (name) =>
    expect(() => shippedPath(name, 'x')).toThrow(/no path inside/),
  );
});

describe('ld.so.cache', () => {
  it('orders names as the loader does: digits as numbers, after everything else', () => {
    const names = [
      'libz.so.1',
      'libc.so.6',
      'libb-2.so',
      'libb-10.so',
      'libb.so',
      'libb-2.so.1',
      'liba.so.10',
      'liba.so.9',
    ];
    expect(names.toSorted(libraryOrder)).toEqual([
      'liba.so.9',
      'liba.so.10',
      'libb-2.so',
      'libb-2.so.1',
      'libb-10.so',
      'libb.so',
      'libc.so.6',
      'libz.so.1',
    ]);
  });

  it('shares the bytes of a name that ends a path', () => {
    const cache = ldSoCache([{ name: 'libc.so.6', path: '/lib/libc.so.6' }], 0x303, 'me');
    expect(cache.readUInt32LE(20)).toBe(1);
    const [name, path] = [cache.readUInt32LE(52), cache.readUInt32LE(56)];
    expect(name).toBe(path + '/lib/'.length);
    expect(cache.toString('latin1', path, path + 15)).toBe('/lib/libc.so.6\0');
    expect(cache.toString('latin1').endsWith('me')).toBe(true);
  });
});

describe('subject hash', () => {
  let at: string;
  beforeAll(async () => {
    at = await mkdtemp(join(tmpdir(), 'rig-hash-'));
  });
  afterAll(() => rm(at, { recursive: true, force: true }));
  const none = spawnSync('openssl', ['version']).error !== undefined;
  const subjects = [
    '/CN=Plain',
    '/C=HU/O=  Főtanúsítvány   Kft. /CN=Arany Class Gold',
    '/O=A+OU=b/CN=x',
    '/DC=example/emailAddress=Me@EXAMPLE.org/CN=mail',
  ];
  it.skipIf(none).each(subjects)(
    `is OpenSSL's own${none ? ' (skipped: no openssl here)' : ''}: %s`,
    async (subject) => {
      const file = join(at, 'c.pem');
      const made = spawnSync('openssl', [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-utf8',
        '-multivalue-rdn',
        '-keyout',
        join(at, 'k'),
        '-out',
        file,
        '-subj',
        subject,
      ]);
      expect(made.stderr.toString() && made.status).toBe(0);
      const want = spawnSync('openssl', ['x509', '-in', file, '-noout', '-subject_hash'])
        .stdout.toString()
        .trim();
      expect(subjectHash(certificateOf(await readFile(file, 'latin1')))).toBe(want);
    },
  );
  it('refuses what is no certificate', () => {
    expect(() => certificateOf('hello')).toThrow(/no certificate/);
    expect(() => subjectHash(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]))).toThrow(/beyond its parent/);
  });
});

describe('apt sources', () => {
  it('sign every archive by the keyring of the image, in a fixed order', () => {
    const mirror = { uri: 'http://127.0.0.1:9/debian', suites: ['bookworm', 'bookworm-updates'] };
    const security = { uri: 'http://127.0.0.1:9/security', suites: ['bookworm-security'] };
    const said = aptSources([security, mirror]);
    expect(said).toBe(aptSources([mirror, security]));
    expect(said.split('\n\n')).toHaveLength(2);
    expect(said).toMatch(
      /^Types: deb\nURIs: http:\/\/127\.0\.0\.1:9\/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /,
    );
  });
});
