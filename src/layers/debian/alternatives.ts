import { byteOrder } from './byteOrder.ts';
import type { AlternativeEffect } from './effects.ts';
import { cannotApply, type RootView } from './rootView.ts';

/** One link group: its choices and, over all of them, its slave links. */
interface Group {
  link: string;
  slaves: Map<string, string>;
  choices: Map<string, AlternativeEffect>;
}

function groupsOf(effects: readonly AlternativeEffect[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const effect of effects) {
    const group = groups.get(effect.name) ?? { link: effect.link, slaves: new Map(), choices: new Map() };
    for (const slave of effect.slaves) group.slaves.set(slave.name, slave.link);
    group.choices.set(effect.path, effect);
    groups.set(effect.name, group);
  }
  return groups;
}

/** The state file of one group in /var/lib/dpkg/alternatives (update-alternatives(1), "FILES"). */
export function alternativeState(effects: readonly AlternativeEffect[]): string {
  const [group] = groupsOf(effects).values();
  if (!group) return '';
  const slaves = [...group.slaves].sort(([a], [b]) => byteOrder(a, b));
  const lines = ['auto', group.link, ...slaves.flat(), ''];
  for (const [path, choice] of [...group.choices].sort(([a], [b]) => byteOrder(a, b))) {
    const paths = slaves.map(([name]) => choice.slaves.find((slave) => slave.name === name)?.path ?? '');
    lines.push(path, String(choice.priority), ...paths);
  }
  return `${lines.join('\n')}\n\n`;
}

function best(group: Group): AlternativeEffect | undefined {
  return [...group.choices.values()]
    .sort((a, b) => byteOrder(a.path, b.path))
    .reduce<AlternativeEffect | undefined>(
      (first, each) => (first && first.priority >= each.priority ? first : each),
      undefined,
    );
}

/**
 * Makes the links of all groups, each to its choice of highest priority, and their state files. A choice whose file is missing is
 * an error unless its script goes on without; slave links are made where the slave's file exists.
 */
export function applyAlternatives(root: RootView, effects: readonly AlternativeEffect[]): void {
  const usable = effects.filter((effect) => {
    if (root.stat(effect.path)) return true;
    if (effect.optional) return false;
    throw cannotApply(`the alternative ${effect.name} needs ${effect.path}, which no package has`);
  });
  for (const [name, group] of [...groupsOf(usable)].sort(([a], [b]) => byteOrder(a, b))) {
    const choice = best(group);
    if (!choice) continue;
    const link = (alias: string, at: string, to: string): void => {
      root.symlink(`/etc/alternatives/${alias}`, to);
      root.symlink(at, `/etc/alternatives/${alias}`);
    };
    link(name, group.link, choice.path);
    for (const slave of choice.slaves) if (root.stat(slave.path)) link(slave.name, slave.link, slave.path);
    root.file(
      `/var/lib/dpkg/alternatives/${name}`,
      alternativeState(usable.filter((effect) => effect.name === name)),
    );
  }
}
