import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../kernel/index.ts';
import { boilerplateEffects, recogniseScript } from './recogniseScript.ts';
import { SCRIPT_TABLE, type ScriptTable } from './scriptTable.ts';

const section = (tool: string, body: string): string =>
  `# Automatically added by ${tool}/13.11.4\n${body}\n# End automatically added section\n`;
const script = (...parts: string[]): string => `#!/bin/sh\nset -e\n\n${parts.join('')}\nexit 0\n`;
const asked =
  'if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ]';

const compile = (args: string): string =>
  `if command -v py3compile >/dev/null 2>&1; then\n\tpy3compile -p tool${args}\nfi\nif command -v pypy3compile >/dev/null 2>&1; then\n\tpypy3compile -p tool${args} || true\nfi`;

describe('boilerplate', () => {
  it('of dh_installdeb does nothing on a fresh install, however many lines', () => {
    const lines =
      'dpkg-maintscript-helper rm_conffile /etc/a 1.2\\~ a -- "$@"\ndpkg-maintscript-helper mv_conffile /etc/b /etc/c 1 -- "$@"';
    expect(boilerplateEffects(script(section('dh_installdeb', lines)))).toEqual([]);
  });

  it('of dh_installalternatives is an alternative', () => {
    const body = `${asked}; then\n\tupdate-alternatives --install /usr/bin/vi vi /usr/bin/vim 15 \\\n            --slave /usr/share/man/man1/vi.1.gz vi.1.gz /usr/share/man/man1/vim.1.gz\nfi`;
    expect(boilerplateEffects(script(section('dh_installalternatives', body)))).toEqual([
      {
        kind: 'alternative',
        name: 'vi',
        link: '/usr/bin/vi',
        path: '/usr/bin/vim',
        priority: 15,
        slaves: [
          { name: 'vi.1.gz', link: '/usr/share/man/man1/vi.1.gz', path: '/usr/share/man/man1/vim.1.gz' },
        ],
      },
    ]);
  });

  it('of dh_python3 does nothing, with arguments or without', () => {
    expect(boilerplateEffects(script(section('dh_python3', compile(' '))))).toEqual([]);
    expect(boilerplateEffects(script(section('dh_python3', compile(' /usr/share/tool -V 3.0-'))))).toEqual(
      [],
    );
  });

  it('may stand in an empty case', () => {
    const frame =
      'case "$1" in\n  configure)\n  ;;\n  abort-upgrade|abort-remove)\n    exit 0\n  ;;\n  *)\n    echo "postinst called with unknown argument \\`$1\'" >&2\n    exit 1\n  ;;\nesac\n';
    expect(boilerplateEffects(script(frame))).toEqual([]);
  });

  it.each([
    ['a command outside', script('ldconfig\n')],
    ['a command in a case', script('case "$1" in\n  configure)\n    useradd x\n  ;;\nesac\n')],
    ['a section with another line', script(section('dh_python3', 'rm -rf /'))],
    ['a section of an unknown tool', script(section('dh_mystery', 'mystery "$@"'))],
    ['a section that never ends', script('# Automatically added by dh_python3/1\nrm -rf /\n')],
    [
      'a command hidden in a placeholder',
      script(section('dh_installdeb', 'dpkg-maintscript-helper a; rm -rf / -- "$@"')),
    ],
    [
      'a substitution in a placeholder',
      script(section('dh_installdeb', 'dpkg-maintscript-helper $(id) -- "$@"')),
    ],
    [
      'users with free ids',
      script(
        section(
          'dh_installsysusers',
          `${asked}; then\n systemd-sysusers \${DPKG_ROOT:+--root="$DPKG_ROOT"} x.conf\nfi`,
        ),
      ),
    ],
    ['exit 1 where nothing complained', script('case "$1" in\n  configure)\n    exit 1\n  ;;\nesac\n')],
  ])('is not %s', (_name, text) => expect(boilerplateEffects(text)).toBeUndefined());
});

describe('recogniseScript', () => {
  const about = { package: 'tool', version: '2.36-9', name: 'postinst' };
  const text = '#!/bin/sh\nset -e\nmake-it 2.36-9\n';
  const effects = [{ kind: 'symlink', path: '/a', to: 'b' }] as const;

  it('knows a script by its hash', () => {
    const table: ScriptTable = {
      ...SCRIPT_TABLE,
      scripts: { [sha256Hex(text)]: { package: 'tool', effects } },
    };
    expect(recogniseScript({ ...about, text }, table)).toEqual(effects);
  });

  it('knows a script that quotes its own version', () => {
    const versioned = { [sha256Hex(text.replace('2.36-9', '@VERSION@'))]: { package: 'tool', effects } };
    const table: ScriptTable = { ...SCRIPT_TABLE, versioned };
    const next = { ...about, version: '2.36-10', text: text.replace('2.36-9', '2.36-10') };
    expect(recogniseScript(next, table)).toEqual(effects);
    expect(() => recogniseScript({ ...next, version: '2.36-11' }, table)).toThrow(/2\.36-11/);
  });

  it('refuses any other by package, script and hash', () => {
    expect(() => recogniseScript({ ...about, text })).toThrow(
      expect.objectContaining({
        code: 'RIG-LAYERS-DEB-003',
        message: expect.stringMatching(new RegExp(`tool 2\\.36-9 .*postinst.*${sha256Hex(text)}`)) as string,
        details: expect.objectContaining({
          package: 'tool',
          script: 'postinst',
          sha256: sha256Hex(text),
        }) as unknown,
      }),
    );
  });
});
