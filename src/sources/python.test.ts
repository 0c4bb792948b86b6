import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HomeLayout, homeLayout, isRigError } from '../kernel/index.ts';
import { createHttp, type Http } from '../store/index.ts';
import { type FaultyServer, faultyServer } from '../../tests/store/faultyServer.ts';
import { readAnchors } from './anchors.ts';
import { indexOfHelp } from './askPip.ts';
import {
  type PythonSources,
  describeSources,
  openRemoteFile,
  parseWheelName,
  pythonIndex,
  pythonSources,
  uvEnvironment,
} from './index.ts';
import { parseIni } from './ini.ts';
import { readHtmlPage, readJsonPage } from './projectPage.ts';

const SHA = 'a'.repeat(64);
let folder: string;
let server: FaultyServer;
let http: Http;
let home: HomeLayout;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-sources-'));
  server = await faultyServer();
  home = homeLayout(join(folder, 'home'));
  http = createHttp({ env: {}, retries: 1, pause: 1 });
});
afterEach(async () => {
  await http.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

function sources(over: Partial<PythonSources> = {}): PythonSources {
  return {
    indexUrl: `${server.url}/simple`,
    extraIndexUrls: [],
    findLinks: [],
    cert: undefined,
    trustedHosts: [],
    proxy: undefined,
    origin: 'pip',
    ...over,
  };
}

/** Settings of a machine whose home has these files. The machine's /etc/pip.conf is read too: tests say everything they check. */
async function settle(files: Record<string, string>, env: NodeJS.ProcessEnv = {}): Promise<PythonSources> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return pythonSources({ HOME: folder, PATH: '', XDG_CONFIG_DIRS: join(folder, 'xdg'), ...env }, home);
}

describe('settings', () => {
  it('merges files and variables as pip does', async () => {
    const got = await settle(
      {
        'xdg/pip/pip.conf': '[global]\nindex-url = https://global.example/simple\nproxy = p.example:3128\n',
        '.config/pip/pip.conf':
          '[global]\nindex_url: https://user.example/simple/\ncert=/g.pem\n[install]\nextra-index-url =\n  https://one.example/simple\n  # not this\n  https://two.example/simple\ntrusted-host = one.example\n',
      },
      { PIP_FIND_LINKS: `${folder}/wheels https://links.example/page.html` },
    );
    expect(got).toMatchObject({
      indexUrl: 'https://user.example/simple',
      extraIndexUrls: ['https://one.example/simple', 'https://two.example/simple'],
      findLinks: [pathToFileURL(join(folder, 'wheels')).href, 'https://links.example/page.html'],
      cert: '/g.pem',
      proxy: 'p.example:3128',
      trustedHosts: ['one.example'],
      origin: 'pip',
    });
  });

  it('lets variables win over files, and PIP_CONFIG_FILE=/dev/null switch files off', async () => {
    const files = {
      '.config/pip/pip.conf': '[global]\nindex-url = https://user.example/simple\ncert = /x\n',
    };
    const env = { PIP_INDEX_URL: 'https://env.example/simple', PIP_CONFIG_FILE: '/dev/null' };
    expect(await settle(files, env)).toMatchObject({
      indexUrl: 'https://env.example/simple',
      cert: undefined,
    });
  });

  it("lets uv's own settings win over pip's, and the override over both", async () => {
    const files = {
      '.config/uv/uv.toml':
        '[[index]]\nurl = "https://uv.example/simple"\ndefault = true\n[[index]]\nname="x"\nurl = "https://uvx.example/simple"\n[[index]]\nurl="https://no.example"\nexplicit=true\n',
    };
    const env = { PIP_INDEX_URL: 'https://pip.example/simple' };
    expect(await settle(files, env)).toMatchObject({
      indexUrl: 'https://uv.example/simple',
      extraIndexUrls: ['https://uvx.example/simple'],
      origin: 'uv',
    });
    const override = {
      ...env,
      TORCHRIG_PYTHON_INDEX: 'https://own.example/simple/ https://more.example/simple',
    };
    expect(await settle(files, override)).toMatchObject({
      indexUrl: 'https://own.example/simple',
      extraIndexUrls: ['https://more.example/simple'],
      findLinks: [],
      origin: 'TORCHRIG_PYTHON_INDEX',
    });
  });

  it('says which setting to give when nobody knows an index', async () => {
    const error: unknown = await settle({}).catch((e: unknown) => e);
    expect(isRigError(error) && [error.code, error.exitCode, error.hint]).toEqual([
      'RIG-SOURCES-001',
      4,
      expect.stringContaining('TORCHRIG_PYTHON_INDEX'),
    ]);
  });

  it('names a file that pip would refuse, and the line', async () => {
    const error: unknown = await settle({ '.config/pip/pip.conf': '[global]\nwhat is this\n' }).catch(
      (e: unknown) => e,
    );
    expect(isRigError(error) && `${error.code} ${error.message} ${error.why}`).toMatch(
      /SOURCES-004 .*pip\.conf line 2/,
    );
  });

  it('reads the default out of pip install --help', () => {
    const help =
      '  -i, --index-url <url>       Base URL of the Python Package Index (default\n                              https://idx.example/simple). This should';
    expect(indexOfHelp(help)).toBe('https://idx.example/simple');
    expect(indexOfHelp('no such option')).toBeUndefined();
  });

  it('reads the dialect of configparser', () => {
    const { sections, bad } = parseIni('; c\n[a]\nX_Y = 1\n  2\n\n# c\nz: 3\n[b]\nq=\nbad line\n');
    expect([...(sections.get('a') ?? [])]).toEqual([
      ['x-y', '1\n2'],
      ['z', '3'],
    ]);
    expect(sections.get('b')?.get('q')).toBe('');
    expect(bad).toEqual([10]);
  });

  it('shows no password, and hands addresses to uv outside argv', () => {
    const secret = sources({
      indexUrl: 'https://u:hunter2@i.example/simple',
      extraIndexUrls: ['https://u:hunter2@e.example/s'],
      cert: '/c.pem',
    });
    expect(JSON.stringify(describeSources(secret))).not.toContain('hunter2');
    const uv = uvEnvironment(secret, { UV_INDEX: 'https://other.example' }, home);
    expect(uv.args).toEqual([]);
    expect(uv.env).toMatchObject({
      UV_DEFAULT_INDEX: 'https://u:hunter2@i.example/simple',
      UV_INDEX: 'https://u:hunter2@e.example/s',
      UV_INDEX_STRATEGY: 'unsafe-best-match',
      SSL_CERT_FILE: '/c.pem',
      UV_CACHE_DIR: join(home.cache, 'uv'),
    });
    expect(uvEnvironment(sources({ indexUrl: undefined }), {}, home).args).toEqual(['--no-index']);
  });
});

describe('pages', () => {
  it('reads anchors as a browser does', () => {
    const { anchors, base } = readAnchors(
      `<!-- <a href="no"> --><base href='/b/'><A HREF=x.whl data-requires-python='&gt;=3.8&#44;&lt;4'>x</A><a
        href = "y.whl#sha256=1&amp;a=2" data-yanked>y</a><abbr href=no></abbr><script>"<a href=no>"</script><a href="z`,
    );
    expect(base).toBe('/b/');
    expect(anchors).toEqual([
      { href: 'x.whl', 'data-requires-python': '>=3.8,<4' },
      { href: 'y.whl#sha256=1&a=2', 'data-yanked': '' },
      expect.anything(),
    ]);
  });

  it('resolves links, hashes, yanks and metadata; keeps the network away from files', () => {
    const html = `<base href="../files/"><a href="a%2Bcpu-1.whl#sha256=${SHA}" data-core-metadata="sha256=1" data-requires-python="&gt;=3.9">a</a>
      <a href="file:///etc/passwd">p</a><a href="javascript:x">j</a><a href="https://other.example/b.whl" data-yanked="bad">b</a>`;
    const page = readHtmlPage(html, 'https://i.example/simple/a/');
    expect(page).toEqual([
      {
        file: 'a+cpu-1.whl',
        url: 'https://i.example/simple/files/a%2Bcpu-1.whl',
        sha256: SHA,
        size: undefined,
        requiresPython: '>=3.9',
        yanked: false,
        hasMetadata: true,
        uploaded: undefined,
      },
      expect.objectContaining({ file: 'b.whl', yanked: true, sha256: undefined }),
    ]);
    expect(readHtmlPage(html, 'https://i.example/simple/a/', 'b.whl')).toEqual([page[1]]);
    expect(readHtmlPage(html, 'https://i.example/simple/a/', 'a+cpu-1.whl')).toEqual([]);
  });

  it('reads JSON, and refuses other JSON', () => {
    const text = JSON.stringify({
      files: [
        {
          filename: 'a-1.whl',
          url: '../a-1.whl',
          hashes: { sha256: SHA.toUpperCase() },
          size: 5,
          yanked: 'why',
          'requires-python': null,
        },
        {},
      ],
    });
    expect(readJsonPage(text, 'https://i.example/simple/a/')).toEqual([
      expect.objectContaining({
        file: 'a-1.whl',
        url: 'https://i.example/simple/a-1.whl',
        sha256: SHA,
        size: 5,
        yanked: true,
      }),
    ]);
    expect(() => readJsonPage('{"message":"hi"}', 'https://i.example/')).toThrow(/no list of files/);
  });

  it.each([
    [
      'torch-2.7.1+cu126-cp311-cp311-manylinux_2_28_x86_64.whl',
      { version: '2.7.1+cu126', local: 'cu126', python: 'cp311' },
    ],
    ['A.b_c-1.0-2-py2.py3-none-any.whl', { name: 'a-b-c', build: '2', platforms: ['any'] }],
    [
      'x-1-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
      { platforms: ['manylinux2014_x86_64', 'manylinux_2_17_x86_64'] },
    ],
  ])('%s', (file, parts) => expect(parseWheelName(file)).toMatchObject(parts));
  it.each(['x-1.tar.gz', 'x-1-py3.whl', '-1-py3-none-any.whl'])('%s is no wheel', (file) =>
    expect(parseWheelName(file)).toBeUndefined(),
  );
});

function html(body: string): { body: string; type: string } {
  return { body, type: 'text/html; charset=utf-8' };
}

describe('index', () => {
  const wheel = { name: 'My_Pkg', file: 'my_pkg-1.0-py3-none-any.whl', sha256: SHA };

  it('finds a wheel over all indexes and folders, near ones first', async () => {
    server.at.set('/simple/my-pkg/', html(`<a href="/f/${wheel.file}#sha256=${SHA}">x</a>`));
    await mkdir(join(folder, 'links'));
    await writeFile(join(folder, 'links', wheel.file), 'x');
    const links = pathToFileURL(join(folder, 'links')).href;
    const index = pythonIndex(sources({ findLinks: [links], extraIndexUrls: [`${server.url}/none`] }), http);
    const found = await index.locateWheel(wheel);
    expect(found.map((place) => place.url)).toEqual([
      `${links}/${wheel.file}`,
      `${server.url}/f/${wheel.file}`,
    ]);
  });

  it('finds a local version whose address is escaped', async () => {
    const file = 'torch-2.7.1+cu126-cp311-cp311-linux_x86_64.whl';
    server.at.set(
      '/simple/torch/',
      html(`<a href="/f/torch-2.7.1%2Bcu126-cp311-cp311-linux_x86_64.whl#sha256=${SHA}">${file}</a>`),
    );
    const index = pythonIndex(sources(), http);
    expect(await index.locateWheel({ name: 'torch', file, sha256: SHA })).toHaveLength(1);
    expect(await index.servedWheels('torch')).toMatchObject([
      { version: '2.7.1+cu126', local: 'cu126', python: 'cp311' },
    ]);
  });

  it('sends the credentials of an index to its own server only', async () => {
    const auth = `Basic ${Buffer.from('u:p').toString('base64')}`;
    server.at.set('/simple/my-pkg/', {
      ...html(`<a href="/f/${wheel.file}">x</a><a href="https://cdn.example/${wheel.file}">y</a>`),
      authorization: auth,
    });
    const index = pythonIndex(sources({ indexUrl: `${server.url.replace('//', '//u:p@')}/simple` }), http);
    const urls = (await index.locateWheel(wheel)).map((place) => place.url);
    expect(urls).toEqual([
      `${server.url.replace('//', '//u:p@')}/f/${wheel.file}`,
      `https://cdn.example/${wheel.file}`,
    ]);
    expect((await index.files('my-pkg'))[0]?.index).toBe(`${server.url}/simple`);
  });

  it.each<[string, Parameters<FaultyServer['at']['set']>[1] | undefined, string, RegExp]>([
    ['not listed', undefined, 'RIG-SOURCES-003', /not listed by http/],
    [
      'another hash',
      { body: `<a href="/f/${wheel.file}#sha256=${'b'.repeat(64)}">x</a>`, type: 'text/html' },
      'RIG-SOURCES-003',
      /another sha256/,
    ],
    ['500', { status: 500 }, 'RIG-SOURCES-002', /answered 500/],
    ['401', { status: 401 }, 'RIG-SOURCES-002', /answered 401/],
    ['no page at all', { body: 'hello', type: 'text/plain' }, 'RIG-SOURCES-002', /text\/plain/],
    ['broken JSON', { body: '{', type: 'application/vnd.pypi.simple.v1+json' }, 'RIG-SOURCES-002', /JSON/],
  ])('%s: exit 4, named', async (_name, behaviour, code, why) => {
    if (behaviour) server.at.set('/simple/my-pkg/', behaviour);
    const error: unknown = await pythonIndex(sources(), http)
      .locateWheel(wheel)
      .catch((e: unknown) => e);
    if (!isRigError(error)) throw new Error('no RigError');
    expect(error).toMatchObject({ code, exitCode: 4 });
    expect(`${error.message} ${error.why}`).toMatch(why);
  });

  it('has nothing of a project that nobody has', async () => {
    expect(await pythonIndex(sources(), http).files('none')).toEqual([]);
  });
});

describe('remote files', () => {
  it('are read in pieces, over http and from disk', async () => {
    server.at.set('/a', { body: '0123456789' });
    await writeFile(join(folder, 'a'), '0123456789');
    for (const url of [`${server.url}/a`, pathToFileURL(join(folder, 'a')).href]) {
      const file = await openRemoteFile({ url }, http);
      expect([file.size, (await file.read(3, 4)).toString()]).toEqual([10, '3456']);
      await expect(file.read(8, 4)).rejects.toMatchObject({ code: 'RIG-SOURCES-010' });
      await file.close();
    }
  });

  it('say so when the server has no ranges or no file', async () => {
    server.at.set('/plain', { body: '0123456789', ranges: false });
    const file = await openRemoteFile({ url: `${server.url}/plain` }, http);
    expect(file.size).toBe(10);
    await expect(file.read(3, 4)).rejects.toMatchObject({ exitCode: 4 });
    await expect(openRemoteFile({ url: `${server.url}/none` }, http)).rejects.toMatchObject({
      code: 'RIG-SOURCES-010',
    });
  });
});
