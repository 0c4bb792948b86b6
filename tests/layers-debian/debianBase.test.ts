import { readFileSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalJson, homeLayout, messageOf, run, sha256Hex } from '../../src/kernel/index.ts';
import { byteOrder } from '../../src/layers/debian/byteOrder.ts';
import { parseControlFields } from '../../src/layers/debian/controlFields.ts';
import { readControlTar } from '../../src/layers/debian/controlTar.ts';
import { openDeb } from '../../src/layers/debian/debArchive.ts';
import { boilerplateEffects, recogniseScript } from '../../src/layers/debian/recogniseScript.ts';
import { STATIC_IDS } from '../../src/layers/debian/staticIds.ts';
import {
  debianPieces,
  debianPieceSources,
  hasTree,
  layersPool,
  removeTree,
  SLIM_RULES,
  type DebFile,
  type Piece,
  type PieceEntry,
} from '../../src/layers/index.ts';
import { aptDownload, isBookworm, missingProgram } from './aptDebs.ts';
import { differences, seenInPieces, seenOnDisk } from './compareTree.ts';
import golden from './golden.json' with { type: 'json' };
import { mergePieces } from './mergePieces.ts';
import { debootstrap, DIFFERS, makeRepository, ONLY_REAL } from './realDebian.ts';

// the day of the golden outputs, 2026-11-21
const EPOCH = 1_795_219_200;
const ALL = process.env['RIG_FULL'] === '1';
/** Every kind of effect is among them; with what debootstrap adds by itself, about 110 packages. */
const SOME =
  'openssh-server,ca-certificates,sudo,python3-venv,vim-tiny,nano,less,tmux,xz-utils,netbase,tzdata,gcc,usr-is-merged,debian-archive-keyring'.split(
    ',',
  );

const at = await mkdtemp(join(tmpdir(), 'rig-debian-'));
const home = homeLayout(join(at, 'home'));
const pool = layersPool();
let debs: DebFile[] = [];

async function whyNot(): Promise<string | undefined> {
  if (!isBookworm()) return 'this machine is not Debian 12 for amd64';
  const missing = await missingProgram('apt-get', 'dpkg-deb');
  if (missing) return `${missing} is missing`;
  mkdirSync(join(at, 'debs'));
  try {
    debs = await aptDownload(Object.keys(golden.debs), join(at, 'debs'));
  } catch (error) {
    return messageOf(error);
  }
  return undefined;
}

const noDebs = await whyNot();
const notRoot = process.geteuid?.() === 0 ? undefined : 'root is needed';
const noTool = await missingProgram('debootstrap', 'unshare').then((name) => name && `${name} is missing`);
const noNamespace = await run('unshare', ['-m', 'true']).then(
  ({ code }) => (code === 0 ? undefined : 'no mount namespaces here'),
  () => 'unshare is missing',
);
const newer = debs.filter(({ name, sha256 }) => (golden.debs as Record<string, string>)[name] !== sha256);
const moved =
  newer.length > 0 ? `newer since it was recorded: ${newer.map(({ name }) => name).join(', ')}` : undefined;
const skipped = (reason: string | undefined): string => (reason ? ` (skipped: ${reason})` : '');
const plain = ({ content, ...entry }: PieceEntry): unknown => [
  canonicalJson(entry),
  content?.from === 'inline' ? sha256Hex(content.bytes) : content?.from,
];
/** A piece, comparable at a glance: 5 MB of listings would take expect a minute. */
const print = ({ entries, ...rest }: Piece): unknown => [rest, sha256Hex(JSON.stringify(entries.map(plain)))];
const pieces = (some: readonly DebFile[], slim: boolean): Promise<Piece[]> =>
  debianPieces({ debs: some, home, epoch: EPOCH, pool, ...(slim ? {} : { exclude: [] }) });

afterAll(async () => {
  await pool.close();
  await rm(at, { recursive: true, force: true });
});

const noGolden = noDebs ?? moved;
describe.skipIf(noGolden)(`221 packages of the v2.7 base${skipped(noGolden)}`, () => {
  it('give the outputs that were recorded from a real installation, byte for byte', async () => {
    const seen = seenInPieces(await pieces(debs, false), home.trees);
    const wrong: string[] = [];
    for (const [path, want] of Object.entries(golden.paths)) {
      const have = seen.get(path.slice(1));
      const text =
        have &&
        [
          have.type,
          have.what,
          have.type === 'symlink' ? '' : `${have.mode.toString(8).padStart(4, '0')} ${have.owner}`,
        ]
          .join(' ')
          .trim();
      const {
        type,
        to = '',
        sha256 = '',
        mode = '',
        owner = '',
      } = want as Record<string, string | undefined>;
      const expected = [type, to + sha256, `${mode} ${owner}`.trim()].join(' ').trim();
      if (text !== expected) wrong.push(`${path}: ${text ?? 'missing'} instead of ${expected}`);
    }
    expect(wrong).toEqual([]);
    expect(Object.keys(golden.paths).length).toBeGreaterThan(250);
  });
});

describe.skipIf(noDebs)(`packages that this machine's apt has now${skipped(noDebs)}`, () => {
  it('have only scripts that rig knows, and the templates agree with the table', async () => {
    let decided = 0;
    for (const { path, name } of debs) {
      const control = await readControlTar(await openDeb(path, name));
      const version = parseControlFields(control['control'] ?? '').get('Version') ?? '';
      for (const script of ['preinst', 'postinst']) {
        const text = control[script];
        if (text === undefined) continue;
        const known = recogniseScript({ package: name, version, name: script, text });
        const effects = boilerplateEffects(text);
        if (!effects) continue;
        decided += 1;
        expect(effects, `${name} ${script}`).toEqual(known);
      }
    }
    expect(decided).toBeGreaterThan(20);
  });

  it('list the global users and groups that rig knows by number', async () => {
    const made = await pieces(debs, true);
    const seen = new Map(made.at(-1)?.entries.map((entry) => [entry.path, entry]));
    const names = (path: string): Record<string, number> => {
      const content = seen.get(path)?.content;
      const text = content?.from === 'inline' ? Buffer.from(content.bytes).toString() : '';
      const lines = text
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(':'));
      return Object.fromEntries(lines.map(([name = '', , id]) => [name, Number(id)]));
    };
    expect(names('etc/passwd')).toEqual({ ...STATIC_IDS.users, sshd: 100 });
    expect(names('etc/group')).toEqual({ ...STATIC_IDS.groups, _ssh: 101 });
  });

  it('give the same pieces from their listings, unpacking nothing, and in any order', async () => {
    const first = await pieces(debs, true);
    const idle = {
      size: 0,
      run: () => Promise.reject(new Error('nothing is left to do')),
      close: () => Promise.resolve(),
    };
    const again = await debianPieces({ debs: debs.toReversed(), home, epoch: EPOCH, pool: idle });
    expect(again.map(print)).toEqual(first.map(print));
    for (const { entries } of first) {
      const paths = entries.map(({ path }) => path);
      expect(paths).toEqual(paths.toSorted(byteOrder));
      const folders = new Set(entries.flatMap(({ path, type }) => (type === 'dir' ? [path] : [])));
      const orphans = paths.filter(
        (path) => path.includes('/') && !folders.has(path.replace(/\/[^/]*$/, '')),
      );
      expect(orphans).toEqual([]);
    }
  });

  it('give their keys at once when the set was seen before, and listings when asked', async () => {
    const idle = {
      size: 0,
      run: () => Promise.reject(new Error('nothing is left to do')),
      close: () => Promise.resolve(),
    };
    const first = await debianPieceSources({ debs, home, epoch: EPOCH, pool });
    const again = await debianPieceSources({ debs: debs.toReversed(), home, epoch: EPOCH, pool: idle });
    expect(again.map(({ key }) => key)).toEqual(first.map(({ key }) => key));
    expect(again.every(({ weight }) => weight > 0)).toBe(true);
    const loaded = await Promise.all(again.map((source) => source.load()));
    expect(loaded.map(print)).toEqual((await pieces(debs, true)).map(print));
    const gone = again.find(({ name }) => name === 'hostname');
    await removeTree(home, gone?.key ?? '');
    const back = await gone?.load();
    expect(back?.entries.some(({ path }) => path === 'usr/bin/hostname')).toBe(true);
    expect(await hasTree(home, gone?.key ?? '')).toBe(true);
  });

  it('leave nothing behind but trees when they are unpacked by threads', async () => {
    const left = await run('sh', ['-c', `ls -A ${home.tmp} | wc -l`]);
    expect(left.stdout.trim()).toBe('0');
  });
});

const noReal = noDebs ?? notRoot ?? noTool;
describe.skipIf(noReal)(
  `the tree of ${ALL ? '221' : 'about 110'} packages${ALL ? '' : ' (RIG_FULL=1: of all 221)'}, against debootstrap of the same files${skipped(noReal)}`,
  () => {
    it('has every path, content, mode, owner, link and file time of the real one', async () => {
      const repository = join(at, 'repository');
      await makeRepository(debs, repository);
      const real = join(at, 'real');
      const installed = await debootstrap(repository, real, ALL ? debs.map(({ name }) => name) : SOME);
      expect(installed.length).toBeGreaterThan(ALL ? 220 : 80);
      const made = await pieces(
        debs.filter(({ name }) => installed.includes(name)),
        false,
      );
      const generated = new Set(made.at(-1)?.entries.map(({ path }) => path));
      const found = differences(seenInPieces(made, home.trees), seenOnDisk(real), generated).filter(
        (line) =>
          !DIFFERS.test(line) && !ONLY_REAL.some(([, path]) => path.test(line.replace(/^only real: /, ''))),
      );
      expect(found).toEqual([]);
    });
  },
);

const noLife = noDebs ?? notRoot ?? noNamespace;
describe.skipIf(noLife)(`in the slim tree, nothing of it made by a script,${skipped(noLife)}`, () => {
  const root = join(at, 'root');
  const inside = (command: string): ReturnType<typeof run> =>
    run(
      'unshare',
      [
        '-mpf',
        'sh',
        '-c',
        'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" /bin/sh -c "$2"',
        'sh',
        root,
        command,
      ],
      {
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          HOME: '/root',
          LC_ALL: 'C.UTF-8',
          DEBIAN_FRONTEND: 'noninteractive',
        },
      },
    );
  const later = new Set(['tmux', 'rsync', 'libevent-core-2.1-7', 'libutempter0']);

  it('Python, the compiler, git and sudo work', async () => {
    mkdirSync(root);
    mergePieces(
      await pieces(
        debs.filter(({ name }) => !later.has(name)),
        true,
      ),
      home.trees,
      root,
    );
    const said = await inside(`set -e
      python3 -c 'import ssl, sqlite3, ctypes.util as u; print(len(ssl.create_default_context().get_ca_certs()) > 100, u.find_library("c"))'
      python3 -m venv --without-pip /tmp/v && /tmp/v/bin/python -c 'print("venv")'
      printf '#include <vector>\\nint main(){return std::vector<int>{0}[0];}' > /tmp/a.cc && g++ -fopenmp /tmp/a.cc -o /tmp/a && /tmp/a && echo compiled
      git --version; sudo -n -u nobody id -un; sshd -T -h /dev/null 2>&1 | head -1 || true`);
    expect(said.stderr + said.stdout).toContain('True libc.so.6\nvenv\ncompiled\ngit version');
    expect(said.stdout).toContain('nobody');
  });

  it('dpkg finds nothing wrong, and misses only what the rules leave out', async () => {
    const audit = await inside('dpkg --audit && apt-get check -qq && dpkg --verify');
    expect(audit.stderr).toBe('');
    const odd = audit.stdout
      .split('\n')
      .filter((line) => line && !/^missing +\/usr\/share\/(doc|man|info|locale)\//.test(line));
    expect(odd).toEqual([]);
    expect(audit.stdout.length).toBeGreaterThan(1000);
  });

  it('apt installs, reinstalls and purges more, scripts and all, and keeps to the path rules', async () => {
    await makeRepository(debs, join(root, 'repository'));
    const said = await inside(`set -e
      echo 'deb [trusted=yes] file:/repository bookworm main' > /etc/apt/sources.list.d/test.list
      apt-get -qq update && apt-get -qqy install tmux rsync && apt-get -qqy install --reinstall sed libc6 base-files ca-certificates && apt-get -qqy purge rsync
      dpkg --audit; tmux -V; grep -c tmux /etc/shells; test ! -e /usr/share/man/man1/tmux.1.gz; test ! -e /usr/bin/rsync; ls -d /usr/share/doc/tmux/copyright`);
    expect(`${said.stdout}${said.stderr}`).toMatch(/tmux 3\.\d/);
    expect(said.stderr).not.toMatch(/^E:/m);
    expect(said.code).toBe(0);
    expect(readFileSync(join(root, 'etc/dpkg/dpkg.cfg.d/torchrig'), 'utf8')).toContain(
      SLIM_RULES[0]?.pattern,
    );
  });
});
