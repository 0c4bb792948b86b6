import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFileLock } from '../../src/kernel/index.ts';

export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const INCLUDE = 'tini,python3-pip,openssh-server,procps';

export const isRoot = process.geteuid?.() === 0;

export function has(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}

/** Why a real root cannot be made here; undefined when it can. */
export function noRootReason(): string | undefined {
  if (!isRoot) return 'debootstrap needs root';
  if (!has('debootstrap')) return 'debootstrap is not installed';
  return undefined;
}

/** Why ordinary users cannot be tried. */
export function noUserReason(): string | undefined {
  if (noRootReason()) return noRootReason();
  if (!has('useradd')) return 'useradd is not installed';
  for (let folder = CHECKOUT; folder !== '/'; folder = join(folder, '..')) {
    const mode = Number.parseInt(execFileSync('stat', ['-c', '%a', folder]).toString(), 8);
    if ((mode & 0o005) !== 0o005) return `${folder} is closed to other users`;
  }
  return undefined;
}

/** The mirror and release that apt uses on this machine. */
function aptMirror(): { address: string; release: string } {
  const release =
    /VERSION_CODENAME=(\S+)/.exec(execFileSync('cat', ['/etc/os-release']).toString())?.[1] ?? '';
  const lines = execFileSync('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(RELEASE) $(COMPONENT)',
    'Created-By: Packages',
  ])
    .toString()
    .split('\n')
    .map((line) => line.split(' '));
  const address = lines.find(([, suite, component]) => suite === release && component === 'main')?.[0];
  if (!address) throw new Error(`apt knows no mirror of ${release}`);
  return { address, release };
}

/** A small real Debian root, made once and kept for later runs in the system's temporary folder. Only ever a lower layer. */
export async function testRoot(): Promise<string> {
  const { address, release } = aptMirror();
  const path = join(process.env['RIG_TEST_CACHE'] ?? tmpdir(), `rig-test-root-${release}-1`);
  await withFileLock(`${path}.lock`, async () => {
    if (existsSync(path)) return;
    const temporary = `${path}.new`;
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    execFileSync('debootstrap', ['--variant=minbase', `--include=${INCLUDE}`, release, temporary, address], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    // what it mounted or made there is none of an image's business
    spawnSync('umount', ['-l', join(temporary, 'proc'), join(temporary, 'sys')], { stdio: 'ignore' });
    execFileSync('find', [join(temporary, 'dev'), '-mindepth', '1', '-delete']);
    await rename(temporary, path);
  });
  return path;
}

/** The same root with other owners. */
export async function rootFor(user: TestUser, folder: string): Promise<string> {
  const path = join(folder, 'root');
  execFileSync('cp', ['-a', await testRoot(), path]);
  execFileSync('chown', ['-Rh', `${user.uid}:${user.gid}`, path]);
  return path;
}

export interface TestUser {
  name: string;
  uid: number;
  gid: number;
}

/** A temporary ordinary user, with or without a range of subordinate ids. */
export async function makeUser(name: string, range: boolean): Promise<TestUser> {
  if (spawnSync('id', [name]).status !== 0) {
    execFileSync('useradd', ['--create-home', '--home-dir', join(tmpdir(), `home-${name}`), name]);
  }
  const ids = await readFile('/etc/subuid', 'utf8');
  const own = ids.split('\n').find((line) => line.startsWith(`${name}:`));
  const span = '700000-765535';
  if (range && !own) execFileSync('usermod', ['--add-subuids', span, '--add-subgids', span, name]);
  if (!range && own) {
    const [, start = '0', count = '0'] = own.split(':');
    const given = `${start}-${Number(start) + Number(count) - 1}`;
    execFileSync('usermod', ['--del-subuids', given, '--del-subgids', given, name]);
  }
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name]).toString()));
  return { name, uid: uid ?? 0, gid: gid ?? 0 };
}

export function removeUser(name: string): void {
  spawnSync('userdel', ['--remove', name], { stdio: 'ignore' });
}
