import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  dependenciesOf,
  makeUniverse,
  meets,
  providesOf,
  qualifierFits,
  refusalsOf,
} from '../../src/lock/debUniverse.ts';
import type { DebCatalogue, DebUniverse } from '../../src/lock/debUniverse.ts';
import type { DebRecord } from '../../src/lock/debRecord.ts';
import { resolveDebs } from '../../src/lock/debResolve.ts';
import { compactPackages, packageOfLine } from '../../src/sources/packagesFile.ts';

/**
 * Sets of packages that apt and our resolver must complete in the same way. Not among them, because there apt's answer follows the order
 * in which its cache happens to number packages: `wireguard` (six kernels of one priority provide wireguard-modules; apt
 * takes the last numbered one, we the first by name) and python3-numpy with python3-matplotlib (who of the two is completed first
 * decides an alternative).
 */
const SETS = `
build-essential
ffmpeg
nodejs npm
postgresql
python3-pandas
python3-sklearn
python3-opencv
jupyter-notebook
default-mta
mutt
vim emacs-nox
openjdk-17-jdk
default-jdk maven
clang lld
cmake ninja-build
gfortran libopenblas-dev
openmpi-bin libopenmpi-dev
mpich
libgl1 libglib2.0-0 libsm6 libxext6
podman
nginx
apache2 php
mariadb-server
redis-server
golang
rustc cargo
octave
pandoc
git-lfs subversion mercurial
systemd
exim4
postfix
bind9
graphviz
sox libsndfile1
tesseract-ocr
gdb valgrind strace
tmux htop screen
zsh fish
ansible
debootstrap debhelper devscripts
wireshark
gawk
mawk
openssh-server systemd-sysv
gcc-11 g++-11
gcc-multilib
libboost-all-dev
supervisor
python3-torch
ocaml
ghc
dovecot-imapd postfix
lighttpd
gnupg man-db locales
`
  .trim()
  .split('\n')
  .map((line) => line.split(' '));

const hasApt = spawnSync('apt-get', ['--version']).status === 0;
const SUITE = /(^Suites:.*|^deb .*)(?<![\w-])bookworm(-security|-updates)?(?![\w-])/m;

/** The machine's apt sources that are Debian's own, for a private apt that looks at nothing else. */
async function debianSourceFiles(): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => [] as string[]);
  const paths = ['/etc/apt/sources.list', ...names.map((name) => join(folder, name))];
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
  return paths.filter((_path, index) => SUITE.test(texts[index] ?? ''));
}

const sourceFiles = hasApt ? await debianSourceFiles() : [];

function push(map: Map<string, DebRecord[]>, key: string, record: DebRecord): void {
  const list = map.get(key);
  if (list) list.push(record);
  else map.set(key, [record]);
}

function catalogueOf(records: readonly DebRecord[]): DebCatalogue {
  const byName = new Map<string, DebRecord[]>();
  const byProvided = new Map<string, DebRecord[]>();
  for (const record of records) {
    push(byName, record.name, record);
    for (const { name } of providesOf(record)) push(byProvided, name, record);
  }
  return {
    versions: (name) => byName.get(name) ?? [],
    providers: (name) => byProvided.get(name) ?? [],
    names: () => byName.keys(),
  };
}

/** What of a set is not met or refused within it: a check that knows nothing of how the set was found. */
function faultsOf(packages: readonly DebRecord[]): string[] {
  const versions = new Map<string, { by: string; version: string | undefined }[]>();
  for (const record of packages)
    for (const each of [{ name: record.name, version: record.version }, ...providesOf(record)])
      versions.set(each.name, [
        ...(versions.get(each.name) ?? []),
        { by: record.name, version: each.version },
      ]);
  return packages.flatMap((record) => [
    ...dependenciesOf(record)
      .filter(
        (group) => !group.some((term) => versions.get(term.name)?.some((each) => meets(term, each.version))),
      )
      .map((group) => `${record.name} lacks ${group.map((term) => term.name).join(' | ')}`),
    ...refusalsOf(record)
      .filter(
        (term) =>
          qualifierFits(term, 'amd64') &&
          versions.get(term.name)?.some((each) => each.by !== record.name && meets(term, each.version)),
      )
      .map((term) => `${record.name} refuses ${term.name}`),
  ]);
}

describe.skipIf(sourceFiles.length === 0)(
  'the Debian resolver against apt on an empty system (skipped where apt has no bookworm source)',
  () => {
    let at: string;
    let options: string[];
    let universe: DebUniverse;

    beforeAll(async () => {
      at = await mkdtemp(join(tmpdir(), 'rig-apt-'));
      for (const folder of ['state/lists/partial', 'cache/archives/partial', 'parts'])
        await mkdir(join(at, folder), { recursive: true });
      for (const path of sourceFiles)
        await writeFile(join(at, 'parts', basename(path)), await readFile(path));
      const settings: Record<string, string> = {
        'Dir::State': join(at, 'state'),
        'Dir::State::status': '/dev/null',
        'Dir::Cache': join(at, 'cache'),
        'Dir::Cache::pkgcache': 'pkgcache.bin',
        'Dir::Cache::srcpkgcache': 'srcpkgcache.bin',
        'Dir::Etc::sourcelist': '/dev/null',
        'Dir::Etc::sourceparts': join(at, 'parts'),
        'APT::Install-Recommends': '0',
        'APT::Architecture': 'amd64',
        'APT::Architectures': 'amd64',
        'APT::Sandbox::User': '',
        'Debug::NoLocking': '1',
      };
      options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
      execFileSync('apt-get', [...options, '-qq', 'update'], { stdio: ['ignore', 'ignore', 'pipe'] });
      execFileSync('apt-cache', [...options, 'gencaches'], { stdio: 'ignore' });
      const targets = ['indextargets', '--format', '$(FILENAME)', 'Created-By: Packages'];
      const files = execFileSync('apt-get', [...options, ...targets], { encoding: 'utf8' })
        .trim()
        .split('\n');
      const records: DebRecord[] = [];
      for (const file of files) {
        const text = execFileSync('/usr/lib/apt/apt-helper', ['cat-file', file], { maxBuffer: 1 << 28 });
        const compact = await compactPackages(Readable.from([text]));
        for (const line of compact.split('\n')) records.push({ ...packageOfLine(line), archive: 'debian' });
      }
      universe = makeUniverse(catalogueOf(records), { arch: 'amd64' });
    });

    afterAll(() => rm(at, { recursive: true, force: true }));

    /** `name version`, sorted, of what apt would install. */
    function askApt(set: readonly string[]): string[] {
      const args = [...options, '-s', 'install', '--no-install-recommends', ...set];
      const { status, stdout, stderr } = spawnSync('apt-get', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
      if (status !== 0) throw new Error(`apt: ${stderr}`);
      return [...stdout.matchAll(/^Inst (\S+) \((\S+)/gm)]
        .map((match) => `${match[1]?.replace(/:amd64$/, '')} ${match[2]}`)
        .sort();
    }

    it('has at least 50 sets and a whole index', () => {
      expect(SETS.length).toBeGreaterThanOrEqual(50);
      expect([...universe.names()].length).toBeGreaterThan(50_000);
    });

    it.each(SETS.map((set) => [set.join(' '), set] as const))('%s', (_title, set) => {
      const packages = resolveDebs(universe, set);
      expect(packages.map((each) => `${each.name} ${each.version}`).sort()).toEqual(askApt(set));
      expect(faultsOf(packages)).toEqual([]);
    });

    it.each([[['wireguard']], [['python3-numpy', 'python3-scipy', 'python3-matplotlib']]])(
      'where the order of the cache decides, the answer is complete: %s',
      (set) => expect(faultsOf(resolveDebs(universe, set))).toEqual([]),
    );

    it.each([[['firebird3.0-server', 'no-such-package-here']], [['postfix', 'exim4-daemon-light']]])(
      'refuses what apt refuses: %s',
      (set) => {
        expect(() => askApt(set)).toThrow(/apt:/);
        expect(() => resolveDebs(universe, set)).toThrow(
          /not in the package indexes|cannot be installed together/,
        );
      },
    );
  },
);
