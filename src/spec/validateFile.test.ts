import { describe, expect, it } from 'vitest';
import { findingLine } from './findings.ts';
import { validateFile } from './validateFile.ts';
import type { FileSpec } from './schema.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function accepted(text: string, env: NodeJS.ProcessEnv = {}): FileSpec {
  const result = validateFile(bytes(text), env);
  if ('findings' in result) throw new Error(result.findings.map((each) => findingLine('f', each)).join('\n'));
  return result.spec;
}

function refused(input: string | Uint8Array, env: NodeJS.ProcessEnv = {}): string[] {
  const result = validateFile(typeof input === 'string' ? bytes(input) : input, env);
  if ('spec' in result) throw new Error('it was accepted');
  return result.findings.map((finding) => findingLine('torchrig.yaml', finding));
}

const CONTRACT = `
preset: v2.7                     # or say torch / cuda / python yourself
name: my-lab
torch: "2.7.1"                   # exact or range
cuda: auto
python: "3.11"
packages:
  python: ["transformers<5", datasets]
  debian: [ffmpeg]
base: debian:12
workspace: ./workspace
mounts: [{source: /data, target: /workspace/data/raw, readonly: true}]
gpus: all
memory: 32g
cpus: 8
shm: 8g
ports: {jupyter: 8888, ssh: 2222}
env: {LOG_LEVEL: DEBUG, PYTHONPATH: /workspace}
`;

describe('a valid file', () => {
  it('reads every key of the contract', () => {
    expect(accepted(CONTRACT)).toEqual({
      preset: 'v2.7',
      name: 'my-lab',
      torch: '==2.7.1',
      cuda: 'auto',
      python: '3.11',
      packages: { python: ['transformers<5', 'datasets'], debian: ['ffmpeg'] },
      base: 'debian:12',
      workspace: './workspace',
      mounts: [{ source: '/data', target: '/workspace/data/raw', readonly: true }],
      gpus: 'all',
      memory: 32 * 2 ** 30,
      cpus: 8,
      shm: 8 * 2 ** 30,
      ports: { jupyter: 8888, ssh: 2222 },
      env: { LOG_LEVEL: 'DEBUG', PYTHONPATH: '/workspace' },
    });
  });

  it('reads numbers as they are written: 2.10 is not 2.1', () => {
    expect(accepted('torch: 2.10\npython: 3.11\ncuda: 12.8\n')).toEqual({
      torch: '==2.10.*',
      python: '3.11',
      cuda: '12.8',
    });
  });

  it('reads texts of env as they are written', () => {
    expect(accepted('env: {A: 1.50, B: true, C: , D: "", E: 0x10, F: null}').env).toEqual({
      A: '1.50',
      B: 'true',
      C: '',
      D: '',
      E: '0x10',
      F: 'null',
    });
  });

  it('takes keys with nothing behind them as absent', () => {
    expect(accepted('mounts:\npackages:\n  python:\nenv:\nname:\n')).toEqual({ packages: {} });
  });

  it.each([
    ['', 'empty'],
    ['# only a comment\n', 'a comment'],
    ['\t', 'a single tab'],
    ['---\n', 'a document marker'],
    ['\uFEFF', 'a byte order mark'],
  ])('takes %j (%s) as nothing said', (text) => {
    expect(accepted(text)).toEqual({});
  });

  it('reads a byte order mark and CRLF', () => {
    expect(accepted('\uFEFFname: lab\r\nmemory: 2g\r\n')).toEqual({ name: 'lab', memory: 2 ** 31 });
  });

  it('reads anchors', () => {
    expect(accepted('packages: {python: &p [numpy], debian: *p}').packages?.debian).toEqual(['numpy']);
  });

  it.each([
    ['all', 'all'],
    ['none', 'none'],
    ['[0, 1]', [0, 1]],
    ['[2]', [2]],
    ['"0,1"', [0, 1]],
    ['device=3', [3]],
    ['GPU-8f6ee1a2-0f0d-4c2b-9b35-3f0b8ed3a001', ['GPU-8f6ee1a2-0f0d-4c2b-9b35-3f0b8ed3a001']],
    ['[MIG-8f6ee1a2-0f0d-4c2b-9b35-3f0b8ed3a001]', ['MIG-8f6ee1a2-0f0d-4c2b-9b35-3f0b8ed3a001']],
  ])('reads gpus: %s', (text, wanted) => {
    expect(accepted(`gpus: ${text}`).gpus).toEqual(wanted);
  });

  it.each([
    ['"2.7"', '==2.7.*'],
    ['2', '==2.*'],
    ['">=2.6, <2.8"', '>=2.6,<2.8'],
    ['2.8.0rc1', '==2.8.0rc1'],
    ['none', null],
  ])('reads torch: %s', (text, wanted) => {
    expect(accepted(`torch: ${text}`).torch).toBe(wanted);
  });

  it('reads mounts in the short form', () => {
    expect(accepted('mounts: ["~/a b:/workspace/x:ro", "./c:/mnt/c/"]').mounts).toEqual([
      { source: '~/a b', target: '/workspace/x', readonly: true },
      { source: './c', target: '/mnt/c', readonly: false },
    ]);
  });
});

describe('positions and wording', () => {
  it('reports everything at once, where it stands', () => {
    const text = `name: My Lab
torhc: 2.7
memory: "32q"
mounts:
  - {source: a, tgt: /b, foo: 1}
  - source: [1]
    target: rel
gpus: [0, 0]
packages: {python: ["numpy 1.2", NumPy, numpy], debain: []}
shm: [x]
`;
    expect(refused(text)).toEqual([
      'torchrig.yaml:1:7: name: "My Lab" is not a name (lower-case letters, digits, ".", "_", "-"; at most 63) (try my-lab)',
      'torchrig.yaml:2:1: torhc: unknown key (did you mean torch?)',
      'torchrig.yaml:3:9: memory: "32q" is not a size (try 32g)',
      'torchrig.yaml:5:5: mounts[0].target: is missing',
      'torchrig.yaml:5:17: mounts[0].tgt: unknown key (did you mean target?)',
      'torchrig.yaml:5:26: mounts[0].foo: unknown key (known: source, target, readonly)',
      'torchrig.yaml:6:13: mounts[1].source: must be a single value, not a list',
      'torchrig.yaml:7:13: mounts[1].target: "rel" is not an absolute path (try /workspace/data)',
      'torchrig.yaml:8:7: gpus: names a GPU twice',
      'torchrig.yaml:9:21: packages.python[0]: "numpy 1.2" is not a Python requirement (try numpy==1.2)',
      'torchrig.yaml:9:49: packages.debain: unknown key (did you mean debian?)',
      'torchrig.yaml:10:6: shm: must be a single value, not a list',
    ]);
  });

  it.each([
    ['cuda: cu126', '1:7: cuda: "cu126" is not a CUDA version (try 12.6)'],
    ['cuda: 12.6.3', '1:7: cuda: "12.6.3" is not a CUDA version (try 12.6)'],
    ['cuda: 13', '1:7: cuda: "13" is not a CUDA version (try 13.0)'],
    ['python: 3.11.2', '1:9: python: "3.11.2" names a patch release (try "3.11")'],
    ['python: 3.12', '1:9: python: base debian:12 brings Python 3.11, not 3.12'],
    [
      'torch: 2.7.1+cu126',
      '1:8: torch: "2.7.1+cu126" names a build (try the version alone, and its CUDA in the key cuda)',
    ],
    ['torch: newest', '1:8: torch: "newest" is not a version of torch (try "2.7.1", "2.7" or ">=2.6,<2.8")'],
    ['ports: {ssh: 0}', '1:14: ports.ssh: "0" is not a port (try a number from 1 to 65535, or none)'],
    ['ports: {ssh: 70, jupyter: 70}', '1:14: ports.ssh: port 70 is already given to jupyter'],
    [
      'gpus: 2',
      '1:7: gpus: "2" could mean a GPU or a number of GPUs (try [2] or device=2 for that GPU, 0,1 for the first two)',
    ],
    ['gpus: []', '1:7: gpus: is an empty list (try none)'],
    ['memory: 0', '1:9: memory: "0" is not a size above zero (try 32g)'],
    ['memory: 32', '1:9: memory: "32" is too little memory to start anything (try 32g)'],
    [
      '{memory: 2g, shm: 4g}',
      '1:19: shm: is more than memory; /dev/shm counts as memory (half of it is a good size)',
    ],
    ['cpus: 0', '1:7: cpus: "0" is not a number of CPUs (try 8, or 0.5)'],
    ['env: {A-B: 1}', '1:12: env.A-B: is not a name of an environment variable (letters, digits, "_")'],
    ['env: [A]', '1:6: env: must be a mapping of names to values, not a list'],
    [
      'packages: {python: numpy}',
      '1:20: packages.python: must be a list ("[a, b]", or lines that begin with "- "), not a single value',
    ],
    [
      'packages: {python: [-r x]}',
      '1:21: packages.python[0]: "-r x" is an option of pip, not a package (try pip.conf for options)',
    ],
    ['packages: {debian: [vim, vim]}', '1:26: packages.debian[1]: vim is listed twice'],
    [
      'packages: {debian: [vim=2]}',
      '1:21: packages.debian[0]: "vim=2" says more than a name (the lock fixes version and architecture) (try vim)',
    ],
    [
      'mounts: ["/a:/workspace"]',
      '1:10: mounts[0]: "/a:/workspace" is the workspace; its folder is set by the key workspace (try /workspace/data)',
    ],
    ['mounts: ["/a:/proc/x"]', '1:10: mounts[0]: "/a:/proc/x" belongs to the kernel (try /workspace/data)'],
    [
      'mounts: ["/a:/opt/torchrig/env"]',
      '1:10: mounts[0]: "/a:/opt/torchrig/env" belongs to the image (try /workspace/data)',
    ],
    [
      'mounts: ["/a:/x/../../usr"]',
      '1:10: mounts[0]: "/a:/x/../../usr" belongs to the image (try /workspace/data)',
    ],
    ['mounts: ["/a:/x", "/b:/x/"]', '1:19: mounts[1]: /x is listed twice'],
    [
      'mounts: ["~bob/a:/x"]',
      '1:10: mounts[0]: "~bob/a:/x" names the home of another user (try its full path)',
    ],
  ])('%s', (text, message) => {
    expect(refused(text)).toEqual([`torchrig.yaml:${message}`]);
  });

  it('refuses addresses as packages and does not offer their parts', () => {
    const [line] = refused('packages: {python: ["x @ git+ssh://me:secret@host/x"]}');
    expect(line).toContain('is an address or a path');
  });
});

describe('variables', () => {
  const env = { PORT: '9000', EMPTY: '', SECRET: 'hunter2 99' };

  it.each([
    ['${PORT}', '9000'],
    ['a${PORT}b', 'a9000b'],
    ['${NONE:-x}', 'x'],
    ['${EMPTY:-x}', 'x'],
    ['${EMPTY-x}', ''],
    ['${NONE-${PORT}}', '9000'],
    ['${NONE:-${ALSO:-deep}}', 'deep'],
    ['${PORT:?say it}', '9000'],
    ['$$', '$'],
    ['$${PORT}', '${PORT}'],
    ['$PORT and $', '$PORT and $'],
  ])('%s -> %j', (text, wanted) => {
    expect(accepted(`env:\n  A: '${text}'\n`, env).env).toEqual({ A: wanted });
  });

  it('puts them into every kind of value', () => {
    expect(accepted('ports: {jupyter: "${PORT}"}\nmemory: ${MEM:-4g}\n', env)).toEqual({
      ports: { jupyter: 9000 },
      memory: 4 * 2 ** 30,
    });
  });

  it.each([
    ['${NONE}', 'needs the variable NONE, which is not set (a default: ${NONE:-value})'],
    ['${NONE:?give it}', 'needs the variable NONE: give it'],
    ['${EMPTY:?}', 'needs the variable EMPTY'],
    ['${PORT', 'has "${" without "}"'],
    [
      '${1}',
      'has "${...}" that is none of ${NAME}, ${NAME:-default}, ${NAME:?message} ($$ is a plain dollar)',
    ],
  ])('refuses %s with its position', (text, message) => {
    expect(refused(`env:\n  A: '${text}'\n`, env)).toEqual([`torchrig.yaml:2:6: env.A: ${message}`]);
  });

  it('never shows what was put in', () => {
    for (const key of ['memory', 'name', 'cuda', 'torch', 'python', 'cpus', 'gpus', 'base']) {
      const [line = ''] = refused(`${key}: "\${SECRET} \${SECRET}!"\n`, env);
      expect(line).toContain('${SECRET}');
      expect(line).not.toMatch(/hunter|99/);
    }
    expect(refused('packages: {python: ["${SECRET}"]}', env).join()).not.toMatch(/hunter|99/);
    expect(refused('mounts: ["${SECRET}"]', env).join()).not.toMatch(/hunter|99/);
  });
});

describe('bad input', () => {
  it('refuses 10 MB by name, at once', () => {
    const started = performance.now();
    const big = new Uint8Array(10 * 2 ** 20).fill(97);
    expect(refused(big)).toEqual([
      'torchrig.yaml:1:1: the file is larger than 262144 bytes: this is no torchrig.yaml',
    ]);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it.each([
    ['['.repeat(200_000), 'brackets'],
    ['{a: '.repeat(60_000), 'braces'],
    ['- '.repeat(100_000), 'dashes'],
    ['? '.repeat(100_000), 'question marks'],
    [Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), 'indentation'],
  ])('refuses deep nesting of %#', (text) => {
    expect(refused(text)).toEqual(['torchrig.yaml:1:1: nested too deeply (at most 16 levels)']);
  });

  it('refuses nesting that the parser still takes', () => {
    expect(refused(`env: ${'['.repeat(20)}${']'.repeat(20)}`).join()).toContain('nested too deeply');
  });

  it('refuses a bomb of aliases quickly', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1)
      lines.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`);
    const started = performance.now();
    expect(refused(lines.join('\n')).join('\n')).toContain('too many values (aliases included)');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('refuses an alias that contains itself, and one without its anchor', () => {
    expect(refused('packages: &p {python: *p}').join()).toContain('contains itself');
    expect(refused('name: *nobody').join()).toContain('no anchor of this name');
  });

  it.each([
    [new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0]), 'ELF'],
    [new Uint8Array([0x50, 0x4b, 3, 4, 20, 0, 0, 0]), 'zip'],
    [new Uint8Array([0xff, 0xfe, 0x6e, 0, 0x61, 0]), 'UTF-16'],
    [Uint8Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256), 'noise'],
  ])('refuses binary junk %#', (junk) => {
    expect(refused(junk)).toEqual(['torchrig.yaml:1:1: this is not a text file in UTF-8']);
  });

  it.each([
    ['- a\n- b\n', '1:1: a torchrig.yaml is a mapping of keys to values (torch: "2.7.1")'],
    ['just text', '1:1: a torchrig.yaml is a mapping of keys to values (torch: "2.7.1")'],
    ['name: a\nname: b\n', '2:1: this key is written twice'],
    ['env: {A: 1, A: 2}\n', '1:13: this key is written twice'],
    ['a: 1\n---\nb: 2\n', '2:1: a second document ("---") begins here; one is allowed'],
    ['packages:\n\tpython: []\n', '2:1: a tab indents this line; YAML wants blanks'],
    ['name: !!python/object x\n', '1:7: tags ("!...") are not used here'],
    ['[a, b]: c\n', '1:1: a key is a single word'],
    [
      '<<: {name: a}\n',
      '1:1: <<: unknown key (known: preset, name, torch, cuda, python, packages, base, workspace, mounts, gpus, memory, cpus, shm, ports, env)',
    ],
  ])('refuses %j', (text, message) => {
    expect(refused(text)[0]).toBe(`torchrig.yaml:${message}`);
  });

  it('keeps messages on one line and short, whatever a key is called', () => {
    const [line = ''] = refused(`"a\\nb\\e[31m${'x'.repeat(500)}": 1\n`);
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(line).not.toMatch(/[\n\u001b]/);
    expect(line.length).toBeLessThan(400);
  });

  it('is not confused by names of Object', () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      expect(refused(`${key}: {a: 1}\n`)[0]).toContain(`${key}: unknown key`);
    for (const name of ['__proto__', 'constructor', 'prototype'])
      expect(refused(`env: {${name}: x}`)[0]).toContain('is not a name of an environment variable');
    expect(accepted('env: {toString: x}').env).toEqual({ toString: 'x' });
  });
});
