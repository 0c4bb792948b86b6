import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWheel, type WheelFixture } from '../../tests/layers/wheelFixture.ts';
import { environmentPiece, generatedPiece } from './generatedPiece.ts';
import type { Piece } from './piece.ts';
import { wheelKey, wheelPiece, wheelSource } from './wheelPiece.ts';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'rig-wheel-'))));
afterAll(() => rm(folder, { recursive: true }));

async function piece(fixture: WheelFixture): Promise<{ piece: Piece; bytes: Buffer }> {
  const { file, bytes, sha256 } = makeWheel(fixture);
  const path = join(folder, file);
  await writeFile(path, bytes);
  return { piece: wheelPiece({ file, sha256, size: bytes.length, python: '3.11' }, path), bytes };
}

const SITE = 'opt/torchrig/env/lib/python3.11/site-packages';
const paths = (from: Piece): string[] =>
  from.entries.filter(({ type }) => type === 'file').map(({ path }) => path);

function inlineText(from: Piece, path: string): string | undefined {
  const content = from.entries.find((entry) => entry.path === path)?.content;
  return content?.from === 'inline' ? Buffer.from(content.bytes).toString() : undefined;
}

describe('wheelPiece', () => {
  it('puts every part of a wheel where the installation scheme says', async () => {
    const { piece: made } = await piece({
      name: 'Demo_Pkg',
      parts: [
        { name: 'demo/__init__.py', content: 'x = 1\n' },
        { name: 'demo/tool.sh', content: '#!/bin/sh\n', mode: 0o100755 },
        { name: 'Demo_Pkg-1.0.data/purelib/pure.py', content: '1' },
        { name: 'Demo_Pkg-1.0.data/platlib/plat.py', content: '2' },
        { name: 'Demo_Pkg-1.0.data/data/share/man/demo.1', content: '3' },
        { name: 'Demo_Pkg-1.0.data/headers/demo.h', content: '4' },
        { name: 'Demo_Pkg-1.0.data/scripts/demo-sh', content: '#!/bin/sh\n' },
        { name: 'Demo_Pkg-1.0.data/scripts/demo-py', content: '#!python -s\nprint(1)\n' },
      ],
    });
    expect(paths(made)).toEqual([
      'opt/torchrig/env/bin/demo-py',
      'opt/torchrig/env/bin/demo-sh',
      'opt/torchrig/env/include/site/python3.11/demo-pkg/demo.h',
      `${SITE}/Demo_Pkg-1.0.dist-info/INSTALLER`,
      `${SITE}/Demo_Pkg-1.0.dist-info/METADATA`,
      `${SITE}/Demo_Pkg-1.0.dist-info/RECORD`,
      `${SITE}/Demo_Pkg-1.0.dist-info/WHEEL`,
      `${SITE}/demo/__init__.py`,
      `${SITE}/demo/tool.sh`,
      `${SITE}/plat.py`,
      `${SITE}/pure.py`,
      'opt/torchrig/env/share/man/demo.1',
    ]);
    const executable = made.entries.filter(({ type, mode }) => type === 'file' && mode === 0o755);
    expect(executable.map(({ path }) => path.split('/').at(-1))).toEqual(['demo-py', 'demo-sh', 'tool.sh']);
    expect(inlineText(made, 'opt/torchrig/env/bin/demo-py')).toBe(
      '#!/opt/torchrig/env/bin/python -s\nprint(1)\n',
    );
    expect(new Set(made.entries.map(({ uid, gid, mtime }) => `${uid} ${gid} ${mtime}`))).toEqual(
      new Set(['0 0 315619200']),
    );
    expect(made).toMatchObject({ kind: 'wheel', name: 'demo-pkg', title: 'demo-pkg 1.0' });
  });

  it('lists parents before what is in them', async () => {
    const { piece: made } = await piece({});
    const seen = new Set(['']);
    for (const { path } of made.entries) {
      expect(seen).toContain(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
      seen.add(path);
    }
  });

  it('refers to the deflate streams of the wheel', async () => {
    const { piece: made, bytes } = await piece({
      parts: [{ name: 'demo/a.py', content: 'text '.repeat(99) }],
    });
    const content = made.entries.find(({ path }) => path === `${SITE}/demo/a.py`)?.content;
    if (content?.from !== 'blob') throw new Error('no reference');
    expect(inflateRawSync(bytes.subarray(content.offset, content.offset + content.length)).toString()).toBe(
      'text '.repeat(99),
    );
  });

  it('writes commands with the interpreter of the environment', async () => {
    const { piece: made } = await piece({
      entryPoints:
        '[console_scripts]\ndemo = demo.cli:App.main [extra]\n# no\n[gui_scripts]\nw=demo:w\n[other]\nx = y\n',
      parts: [{ name: 'demo-1.0.data/scripts/demo', content: '#!python\nold wrapper' }],
    });
    expect(inlineText(made, 'opt/torchrig/env/bin/demo')).toBe(
      "#!/opt/torchrig/env/bin/python\nimport sys\nfrom demo.cli import App\n\nif __name__ == '__main__':\n    sys.exit(App.main())\n",
    );
    expect(paths(made).filter((path) => path.includes('/bin/'))).toEqual([
      'opt/torchrig/env/bin/demo',
      'opt/torchrig/env/bin/w',
    ]);
  });

  it('writes RECORD anew, sorted, with everything in it', async () => {
    const { piece: made } = await piece({
      parts: [
        { name: 'demo/b,c.py', content: 'x' },
        { name: 'demo/a.py', content: '' },
        { name: 'demo-1.0.dist-info/direct_url.json', content: '{}' },
      ],
      entryPoints: '[console_scripts]\ndemo=demo:main\n',
    });
    const lines = inlineText(made, `${SITE}/demo-1.0.dist-info/RECORD`)?.split('\n') ?? [];
    expect(lines.map((line) => line.replace(/,.*/, ''))).toEqual([
      '../../../bin/demo',
      'demo-1.0.dist-info/INSTALLER',
      'demo-1.0.dist-info/METADATA',
      'demo-1.0.dist-info/RECORD',
      'demo-1.0.dist-info/WHEEL',
      'demo-1.0.dist-info/entry_points.txt',
      'demo/a.py',
      '"demo/b',
      '',
    ]);
    expect(lines).toContain('demo/a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0');
    expect(lines).toContain('demo-1.0.dist-info/RECORD,,');
    expect(lines.find((line) => line.startsWith('"'))).toMatch(/^"demo\/b,c\.py",sha256=[\w-]{43},1$/);
    expect(inlineText(made, `${SITE}/demo-1.0.dist-info/INSTALLER`)).toBe('rig\n');
  });

  it.each([
    ['an unknown part of .data', '007', { parts: [{ name: 'demo-1.0.data/etc/x', content: '' }] }],
    ['two entries at one path', '011', { parts: [{ name: 'a.py' }, { name: 'demo-1.0.data/purelib/a.py' }] }],
    ['a command that leaves bin', '009', { entryPoints: '[console_scripts]\n../x = demo:main\n' }],
    ['a command without function', '009', { entryPoints: '[console_scripts]\nx = demo\n' }],
    ['a command with code in it', '009', { entryPoints: '[console_scripts]\nx = demo:main(); import os\n' }],
  ])('refuses %s', async (_what, number, fixture) => {
    await expect(piece(fixture)).rejects.toMatchObject({ code: `RIG-LAYERS-${number}` });
  });

  it('has a key that depends on what it is made from', () => {
    const wheel = { file: 'demo-1.0-py3-none-any.whl', sha256: 'a'.repeat(64), size: 1, python: '3.11' };
    const keys = [
      wheel,
      { ...wheel, sha256: 'b'.repeat(64) },
      { ...wheel, python: '3.12' },
      { ...wheel, envRoot: 'opt/x' },
    ];
    expect(new Set(keys.map((each) => wheelKey(each))).size).toBe(4);
    expect(wheelSource(wheel, () => '/nowhere')).toMatchObject({
      key: wheelKey(wheel),
      name: 'demo',
      weight: 1,
    });
  });
});

describe('generatedPiece', () => {
  it('has a key that follows content, mode and name', () => {
    const keys = [
      generatedPiece('a', [{ path: 'x', content: '1' }]),
      generatedPiece('a', [{ path: 'x', content: '2' }]),
      generatedPiece('a', [{ path: 'x', content: '1', mode: 0o600 }]),
      generatedPiece('b', [{ path: 'x', content: '1' }]),
      generatedPiece('a', [{ path: 'x', target: '1' }]),
    ].map(({ key }) => key);
    expect(new Set(keys).size).toBe(5);
    expect(generatedPiece('a', [{ path: 'x', content: Buffer.from('1') }]).key).toBe(keys[0]);
  });
  it.each(['/x', '../x', 'a//b', 'a/./b', ''])('refuses the path "%s"', (path) => {
    expect(() => generatedPiece('a', [{ path, content: '' }])).toThrow('no path in the image');
  });
  it('makes the frame of an environment', () => {
    const { entries } = environmentPiece({ python: '3.11' });
    const links = entries
      .filter(({ type }) => type === 'symlink')
      .map(({ path, target }) => `${path} -> ${target}`);
    expect(links).toEqual([
      'opt/torchrig/env/bin/python -> /usr/bin/python3.11',
      'opt/torchrig/env/bin/python3 -> python',
      'opt/torchrig/env/bin/python3.11 -> python',
      'opt/torchrig/env/lib64 -> lib',
    ]);
  });
});
