import { describe, expect, it } from 'vitest';
import { isRigError } from '../kernel/index.ts';
import type { RigError } from '../kernel/index.ts';
import type { DebRecord } from './debRecord.ts';
import { resolveDebs } from './debResolve.ts';
import { makeUniverse } from './debUniverse.ts';
import type { DebCatalogue, DebPreference } from './debUniverse.ts';

type Fields = Partial<DebRecord>;

function record(id: string, fields: Fields = {}): DebRecord {
  const [name = '', version = '1'] = id.split('=');
  return {
    name,
    version,
    arch: 'amd64',
    archive: 'debian',
    path: `pool/${name}_${version}.deb`,
    size: 1,
    sha256: `${name}-${version}`,
    priority: 'optional',
    essential: false,
    multiArch: '',
    preDepends: '',
    depends: '',
    provides: '',
    conflicts: '',
    breaks: '',
    ...fields,
  };
}

const packages = (entries: Record<string, Fields | string>): DebRecord[] =>
  Object.entries(entries).map(([id, fields]) =>
    record(id, typeof fields === 'string' ? { depends: fields } : fields),
  );

const provider = (priority: string): Fields => ({ provides: 'awk', priority });

/** The packages of a test as a catalogue; which of two equal records comes first is the order written. */
function catalogueOf(records: DebRecord[]): DebCatalogue {
  return {
    versions: (name) => records.filter((each) => each.name === name),
    providers: (name) => records.filter((each) => each.provides.split(/[ ,(=)]+/).includes(name)),
    names: () => new Set(records.map((each) => each.name)),
  };
}

function resolve(entries: Record<string, Fields | string>, asked: string, prefer?: DebPreference): string {
  const universe = makeUniverse(catalogueOf(packages(entries)), {
    arch: 'amd64',
    ...(prefer ? { prefer } : {}),
  });
  return resolveDebs(universe, asked.split(' '))
    .map((each) => (each.version === '1' ? each.name : `${each.name}=${each.version}`))
    .join(' ');
}

function refusal(entries: Record<string, Fields | string>, asked: string): RigError {
  try {
    resolve(entries, asked);
  } catch (error) {
    if (isRigError(error)) return error;
    throw error;
  }
  throw new Error('was resolved');
}

describe('resolveDebs', () => {
  it('follows Depends and Pre-Depends, sorted by name', () => {
    expect(resolve({ a: { depends: 'b', preDepends: 'c' }, b: '', c: 'd', d: '', e: '' }, 'a')).toBe(
      'a b c d',
    );
  });
  it('does not mind circles', () => expect(resolve({ a: 'b', b: 'a' }, 'a')).toBe('a b'));
  it('takes the first alternative', () => expect(resolve({ a: 'b | c', b: '', c: '' }, 'a')).toBe('a b'));
  it('leaves an alternative that is met alone', () =>
    expect(resolve({ a: 'b | c', b: '', c: '' }, 'a c')).toBe('a c'));
  it('takes the next alternative when the first is missing or cannot be had', () => {
    expect(resolve({ a: 'gone | b', b: '' }, 'a')).toBe('a b');
    expect(resolve({ a: 'b | c', b: 'gone', c: '' }, 'a')).toBe('a c');
    expect(resolve({ a: 'b (>= 2) | c', b: '', c: '' }, 'a')).toBe('a c');
  });
  it('takes back what a failed alternative brought in', () =>
    expect(resolve({ a: 'b | c', b: 'd, e', d: 'f', f: '', e: 'gone', c: '' }, 'a')).toBe('a c'));
  it('ignores the order in which packages are asked for', () => {
    const entries = { a: 'x | y', b: 'y | x', x: '', y: '' };
    expect(resolve(entries, 'b a')).toBe(resolve(entries, 'a b'));
  });
  it('reads qualifiers and obsolete operators', () =>
    expect(resolve({ a: 'b:any (> 1), c:amd64 | d', b: '', c: '' }, 'a')).toBe('a b c'));
  it('does not take a package of another architecture', () => {
    expect(resolve({ a: 'b', b: '', 'b=9': { arch: 'arm64' } }, 'a')).toBe('a b');
    expect(refusal({ a: 'b:arm64', b: '' }, 'a').code).toBe('RIG-LOCK-022');
  });
  it('takes the highest version of all suites, whatever their order', () => {
    expect(resolve({ 'a=1.2': '', 'a=1.10': '', 'a=1.9': '' }, 'a')).toBe('a=1.10');
  });
  it('keeps a preferred version while the index still has that file', () => {
    const entries = { 'a=2': '', 'a=3': '' };
    expect(resolve(entries, 'a', new Map([['a', { version: '2', sha256: 'a-2' }]]))).toBe('a=2');
    expect(resolve(entries, 'a', new Map([['a', { version: '2', sha256: 'other' }]]))).toBe('a=3');
  });
});

describe('virtual packages', () => {
  it('are met by the provider of the best priority, then by name', () => {
    expect(resolve({ a: 'awk', gawk: provider('optional'), mawk: provider('required') }, 'a')).toBe('a mawk');
    expect(resolve({ a: 'awk', yawk: provider('optional'), gawk: provider('optional') }, 'a')).toBe('a gawk');
  });
  it('never beat a real package of that name (rules_distroless #212)', () => {
    expect(resolve({ a: 'b', other: { provides: 'b', priority: 'required' }, b: '' }, 'a')).toBe('a b');
    expect(resolve({ a: 'b', other: { provides: 'b' }, b: '' }, 'a other')).toBe('a other');
  });
  it('are provided by what is chosen already', () =>
    expect(
      resolve({ a: 'mail', postfix: { provides: 'mail' }, exim: { provides: 'mail' } }, 'a postfix'),
    ).toBe('a postfix'));
  it('meet a versioned dependency with a version that fits', () =>
    expect(resolve({ a: 'v (>= 2)', p: { provides: 'v (= 3)' } }, 'a')).toBe('a p'));
  it.each(['v', 'v (= 1)'])('Provides: %s does not meet v (>= 2)', (provides) =>
    expect(refusal({ a: 'v (>= 2)', p: { provides } }, 'a').code).toBe('RIG-LOCK-022'),
  );
  it('are not provided by a superseded version (rules_distroless #274)', () =>
    expect(resolve({ a: 'v', 'p=1': { provides: 'v' }, 'p=2': '', q: { provides: 'v' } }, 'a')).toBe('a q'));
  it('asked for: the only provider, or a refusal that names them', () => {
    expect(resolve({ p: { provides: 'v' } }, 'v')).toBe('p');
    const error = refusal({ p: { provides: 'v' }, q: { provides: 'v' } }, 'v');
    expect(error).toMatchObject({ code: 'RIG-LOCK-021', why: 'it is provided by p, q', exitCode: 2 });
  });
});

describe('known bugs of other resolvers', () => {
  it('one version of a package, however it is reached (rules_distroless #251)', () => {
    const entries = { a: 'lib (>= 1)', b: 'lib (>= 2)', 'lib=1': '', 'lib=2': '' };
    expect(resolve(entries, 'a b')).toBe('a b lib=2');
    expect(resolve({ a: 'lib (<< 2) | c', b: 'lib', 'lib=1': '', 'lib=2': '', c: '' }, 'b a')).toBe(
      'a b c lib=2',
    );
  });
  it('keeps what a dependency of a dependency needs (rules_distroless #194)', () => {
    const entries = { top: 'a, b', a: 'c', b: 'c', c: 'd | e', d: 'f', f: 'g', g: '' };
    expect(resolve(entries, 'top')).toBe('a b c d f g top');
  });
});

describe('conflicts', () => {
  it('between two that were asked for are refused with both names', () => {
    const error = refusal({ a: { conflicts: 'b' }, b: '' }, 'a b');
    expect(error).toMatchObject({
      code: 'RIG-LOCK-023',
      message: 'the Debian packages a and b cannot be installed together',
    });
    expect(error.why).toContain('b is asked for');
  });
  it('say who wanted them', () => {
    const error = refusal({ top: 'mid', mid: 'x', x: '', other: { breaks: 'x (<< 2)' } }, 'top other');
    expect(error.message).toBe('the Debian packages other and x cannot be installed together');
    expect(error.why).toBe('other refuses x (<< 2); x is needed through top -> mid -> x; other is asked for');
  });
  it('do not arise with other versions, with oneself, or within a virtual name one provides', () => {
    expect(resolve({ a: { breaks: 'b (<< 1)' }, b: '' }, 'a b')).toBe('a b');
    expect(resolve({ a: { conflicts: 'v', provides: 'v' } }, 'a')).toBe('a');
  });
  it('of a package of another architecture do not matter here', () =>
    expect(resolve({ a: { conflicts: 'b:i386' }, b: '' }, 'a b')).toBe('a b'));
  it('reach providers of the name', () =>
    expect(refusal({ a: { conflicts: 'v', provides: 'v' }, b: { provides: 'v' } }, 'a b').code).toBe(
      'RIG-LOCK-023',
    ));
  it('lead to another alternative', () =>
    expect(resolve({ a: 'x | y', x: { conflicts: 'b' }, y: '', b: '' }, 'a b')).toBe('a b y'));
  it('of a later need undo an earlier choice', () =>
    expect(resolve({ a: 'x | y', x: '', y: '', b: 'z', z: { conflicts: 'x' } }, 'a b')).toBe('a b y z'));
  it('without a way out are refused', () =>
    expect(refusal({ a: 'x | y', x: '', y: '', b: 'z', z: { conflicts: 'x, y' } }, 'a b').code).toBe(
      'RIG-LOCK-023',
    ));
});

describe('what is not there', () => {
  it('unknown names come with the nearest', () => {
    const error = refusal({ ffmpeg: '', 'ffmpeg-doc': '', git: '' }, 'ffmpg');
    expect(error).toMatchObject({ code: 'RIG-LOCK-020', exitCode: 2 });
    expect(error.hint).toContain('did you mean ffmpeg?');
  });
  it('a version that is too new is named with the one there is', () => {
    const error = refusal({ a: 'b', b: 'c (>= 2)', c: '' }, 'a');
    expect(error.message).toBe('the Debian package b 1 cannot be installed: it needs c (>= 2)');
    expect(error.why).toBe('the package indexes have version 1; b is needed through a -> b');
  });
});
