import { dirname, basename } from 'node:path';
import type { RootView } from './rootView.ts';

const entries = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, ''))
    .filter(Boolean);

/** A shell and its path with merged /usr: `/bin/bash`, `/usr/bin/bash`. */
function both(root: RootView, shell: string): string[] {
  const real = `/${root.resolve(dirname(shell))}/${basename(shell)}`;
  return real === shell ? [shell] : [shell, real];
}

/**
 * /etc/shells from debianutils' template and the packages' own lists in shells.d, /var/lib/shells.state, and the shells that scripts
 * add by themselves (update-shells(8), add-shell(8)).
 */
export function applyShells(root: RootView, added: readonly string[]): void {
  const folder = '/usr/share/debianutils';
  const template = root.read(`${folder}/shells`).toString();
  const lists = root
    .list(`${folder}/shells.d`)
    .map((name) => root.read(`${folder}/shells.d/${name}`).toString());
  const known = [template, ...lists].flatMap(entries).flatMap((shell) => both(root, shell));
  const text = template.split('\n').slice(0, -1);
  for (const shell of [...known, ...added.flatMap((each) => both(root, each))]) {
    if (!text.includes(shell)) text.push(shell);
  }
  root.file('/etc/shells', `${text.join('\n')}\n`);
  root.file('/var/lib/shells.state', known.map((shell) => `${shell}\n`).join(''));
}
