import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../../src/kernel/index.ts';
import type { DebFile } from '../../src/layers/index.ts';

/** Makes an (unsigned) archive of these .debs that apt and debootstrap read as file://FOLDER. */
export async function makeRepository(debs: readonly DebFile[], folder: string): Promise<void> {
  const lists = join(folder, 'dists/bookworm/main/binary-amd64');
  mkdirSync(lists, { recursive: true });
  mkdirSync(join(folder, 'pool'));
  const paragraphs: string[] = [];
  for (const { path, sha256, size } of debs) {
    const file = `pool/${basename(path)}`;
    linkSync(path, join(folder, file));
    const control = await run('dpkg-deb', ['-f', path]);
    paragraphs.push(`${control.stdout.trimEnd()}\nFilename: ${file}\nSize: ${size}\nSHA256: ${sha256}\n`);
  }
  // debootstrap overlooks a last paragraph that no empty line ends
  const packages = `${paragraphs.join('\n')}\n`;
  writeFileSync(join(lists, 'Packages'), packages);
  const hash = createHash('sha256').update(packages).digest('hex');
  const line = ` ${hash} ${Buffer.byteLength(packages)} main/binary-amd64/Packages`;
  const head = 'Suite: bookworm\nCodename: bookworm\nArchitectures: amd64\nComponents: main\nSHA256:';
  writeFileSync(join(folder, 'dists/bookworm/Release'), `${head}\n${line}\n`);
}

/** A real installation: debootstrap unpacks with dpkg and runs every script. Returns the names that dpkg then has. */
export async function debootstrap(
  repository: string,
  root: string,
  include: readonly string[],
): Promise<string[]> {
  const made = await run(
    'debootstrap',
    [
      '--no-check-gpg',
      '--variant=minbase',
      `--include=${include.join(',')}`,
      'bookworm',
      root,
      `file://${repository}`,
    ],
    { timeout: 280_000, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } },
  );
  if (made.code !== 0) {
    const log = await run('tail', ['-n', '20', join(root, 'debootstrap/debootstrap.log')]);
    throw new Error(`debootstrap failed: ${(made.stdout + made.stderr).slice(-500)}\n${log.stdout}`);
  }
  const list = await run('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, '-W', '-f', '${Package}\n']);
  return list.stdout.split('\n').filter(Boolean);
}

/** What a real installation has and an image has not, on purpose: by path. */
export const ONLY_REAL: readonly (readonly [why: string, path: RegExp])[] = [
  ['byte code', /(^|\/)__pycache__(\/|$)/],
  ['apt caches and lists', /^var\/(cache\/apt|lib\/apt\/lists)\//],
  ['device nodes and links', /^dev\/./],
  [
    'backup copies',
    /^(etc\/(passwd|group|shadow|gshadow)-|var\/lib\/dpkg\/(status|diversions)-old|var\/lib\/ucf\/\w+\.0)$/,
  ],
  ['init systems: systemd, sysv, runit', /^(etc\/(rc.\.d|systemd|runit)\/|var\/lib\/systemd\/|run\/runit)/],
  ['ssh host keys', /^etc\/ssh\/ssh_host_/],
  ['debconf database', /^var\/cache\/debconf\//],
  ['logs', /^var\/log\/(alternatives|bootstrap|dpkg)\.log$/],
  ['locks and run-time files', /^(etc\/\.pwd\.lock|run\/(adduser|mount|lock\/.*))$/],
  ['dpkg files of the bootstrap tool', /^var\/lib\/dpkg\/(available|cmethopt)$/],
  ["ldconfig's own cache", /^var\/cache\/ldconfig\/aux-cache$/],
];

/** What differs on purpose: written by rig, or by the bootstrap tool from the machine it runs on. */
export const DIFFERS =
  /^(only ours: (usr\/sbin\/policy-rc\.d|var\/lib\/dpkg\/arch)$|(only ours|content): etc\/(apt\/sources\.list|fstab|hostname|resolv\.conf)(:|$))/;
