import { describe, expect, it } from 'vitest';
import golden from '../../../tests/layers-debian/golden.json' with { type: 'json' };
import { sha256Hex } from '../../kernel/index.ts';
import { alternativeState, applyAlternatives } from './alternatives.ts';
import type { AlternativeEffect } from './effects.ts';
import { RootView } from './rootView.ts';
import { SCRIPT_TABLE } from './scriptTable.ts';

const known = Object.values(SCRIPT_TABLE.scripts)
  .filter(({ package: name }) => name in golden.debs)
  .flatMap(({ effects }) => effects)
  .filter((effect): effect is AlternativeEffect => effect.kind === 'alternative');
const paths = golden.paths as unknown as Record<string, { sha256?: string } | undefined>;

const effect = (path: string, priority: number, optional?: boolean): AlternativeEffect => ({
  kind: 'alternative',
  name: 'editor',
  link: '/usr/bin/editor',
  path,
  priority,
  slaves: [{ name: 'editor.1', link: '/usr/share/man/editor.1', path: `/usr/share/man${path}.1` }],
  ...(optional ? { optional } : {}),
});

describe('alternatives', () => {
  const names = [...new Set(known.map(({ name }) => name))];
  it('has the groups of the real installation', () => {
    const there = Object.keys(paths).filter((path) => path.startsWith('/var/lib/dpkg/alternatives/'));
    expect(names.map((name) => `/var/lib/dpkg/alternatives/${name}`).sort()).toEqual(there.sort());
  });

  it.each(names)('%s: the state file is the one dpkg wrote', (name) => {
    const state = alternativeState(known.filter((effect) => effect.name === name));
    expect(sha256Hex(state)).toBe(paths[`/var/lib/dpkg/alternatives/${name}`]?.sha256);
  });

  it('links the highest priority, and a slave only where its file is', () => {
    const root = new RootView([], 1);
    for (const path of ['/bin/a', '/bin/b', '/usr/share/man/bin/a.1']) root.file(path, '');
    applyAlternatives(root, [effect('/bin/a', 10), effect('/bin/b', 20)]);
    expect(root.lstat('/etc/alternatives/editor')?.target).toBe('/bin/b');
    expect(root.lstat('/usr/bin/editor')?.target).toBe('/etc/alternatives/editor');
    expect(root.lstat('/usr/share/man/editor.1')).toBeUndefined();
    applyAlternatives(root, [effect('/bin/a', 30), effect('/bin/b', 20)]);
    expect(root.lstat('/etc/alternatives/editor.1')?.target).toBe('/usr/share/man/bin/a.1');
  });

  it('refuses a choice whose file is missing, unless its script goes on', () => {
    const root = new RootView([], 1);
    expect(() => applyAlternatives(root, [effect('/bin/none', 1)])).toThrow(/RIG|\/bin\/none/);
    applyAlternatives(root, [effect('/bin/none', 1, true)]);
    expect(root.lstat('/etc/alternatives/editor')).toBeUndefined();
  });
});
