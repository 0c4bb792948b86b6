import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RigError } from '../kernel/index.ts';
import { readRequirements } from './readRequirements.ts';

const HASH = 'ab'.repeat(32);
let at: string;
beforeAll(async () => {
  at = await mkdtemp(join(tmpdir(), 'rig-requirements-'));
});
afterAll(() => rm(at, { recursive: true }));

async function read(files: Record<string, string>): Promise<Awaited<ReturnType<typeof readRequirements>>> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(at, name), text);
  return readRequirements(join(at, Object.keys(files)[0] ?? ''));
}
const refusal = (name: string, text: string): Promise<RigError> =>
  read({ [name]: text }).then(
    () => {
      throw new Error('was read');
    },
    (error: RigError) => error,
  );

describe('requirements.txt', () => {
  it('with comments, continuation lines, markers and hashes', async () => {
    const found = await read({
      'requirements.txt': `# all\nNumPy>=2  # fast\n\nscipy \\\n  ==1.0 \\\n  --hash=sha256:${HASH} --hash=sha256:${HASH.toUpperCase()}\na[b,c]~=1; python_version < "3.12"\n`,
    });
    expect(found.wanted).toEqual(['NumPy>=2', 'scipy ==1.0', 'a[b,c]~=1; python_version < "3.12"']);
    expect(found.hashes).toEqual(new Map([['scipy', new Set([HASH])]]));
  });
  it('with files it includes', async () => {
    const found = await read({
      'all.txt': '-r more.txt\n-c limits.txt\none\n',
      'more.txt': 'two\r\n-c limits.txt\r\n',
      'limits.txt': 'two<3\n',
    });
    expect(found).toMatchObject({ wanted: ['two', 'one'], constraints: ['two<3', 'two<3'] });
  });
  it.each([
    ['-e .', /requirements.txt:1: an editable package/],
    ['./wheels/a-1-py3-none-any.whl', /requirements.txt:1: a package from a folder/],
    ['a @ https://user:word@127.0.0.1/a.whl', /requirements.txt:1: a package from a folder/],
    ['git+ssh://127.0.0.1/a', /requirements.txt:1: a package from a folder/],
    [
      'one\n--extra-index-url https://user:word@127.0.0.1/simple',
      /requirements.txt:2: a file that names package indexes/,
    ],
    ['-r http://127.0.0.1/more.txt', /requirements.txt:1: a file behind an address/],
    ['--pre', /the option --pre/],
  ])('refuses %s without its address', async (text, message) => {
    const error = await refusal('requirements.txt', text);
    expect(error).toMatchObject({
      code: 'RIG-LOCK-031',
      exitCode: 2,
      message: expect.stringMatching(message),
    });
    expect(`${error.message} ${error.hint}`).not.toMatch(/word|127/);
  });
  it('refuses circles and files that are not there', async () => {
    expect((await refusal('circle.txt', '-r circle.txt')).code).toBe('RIG-LOCK-030');
    expect((await refusal('gone.txt', '-r nowhere.txt')).code).toBe('RIG-LOCK-030');
  });
});

describe('pyproject.toml', () => {
  it('gives its dependencies', async () => {
    const found = await read({
      'pyproject.toml': '[project]\nname = "x"\ndependencies = ["numpy>=2", "scipy"]\n',
    });
    expect(found.wanted).toEqual(['numpy>=2', 'scipy']);
  });
  it.each([
    ['[tool.x]\na = 1', 'RIG-LOCK-030'],
    ['[project]\ndependencies = "numpy"', 'RIG-LOCK-030'],
    ['[project', 'RIG-LOCK-030'],
    ['[project]\ndynamic = ["dependencies"]', 'RIG-LOCK-031'],
    ['[project]\ndependencies = ["a @ file:///x"]', 'RIG-LOCK-031'],
  ])('%j is refused', async (text, code) => expect((await refusal('pyproject.toml', text)).code).toBe(code));
});

describe('pylock.toml', () => {
  it('gives exact versions and the hashes it allows', async () => {
    const found = await read({
      'pylock.dev.toml': `lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1.0"\nmarker = "python_version < '4'"\nwheels = [{ url = "https://127.0.0.1/a-1.0-py3-none-any.whl", hashes = { sha256 = "${HASH}" } }]\n`,
    });
    expect(found.wanted).toEqual(["a==1.0; python_version < '4'"]);
    expect(found.hashes).toEqual(new Map([['a', new Set([HASH])]]));
  });
  it('refuses what comes from a repository', async () => {
    const text = 'lock-version = "1.0"\n[[packages]]\nname = "a"\n[packages.vcs]\ntype = "git"\nurl = "x"\n';
    expect(await refusal('pylock.toml', text)).toMatchObject({
      code: 'RIG-LOCK-031',
      message: expect.stringContaining('a from a repository'),
    });
  });
});
