import type { AlternativeEffect, Effect } from './effects.ts';
import type { TemplateMatch } from './templates.ts';

/** `--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]...` of update-alternatives(1). */
function alternative(options: string): AlternativeEffect | undefined {
  const words = options.split(' ').filter(Boolean);
  const [install, link, name, path, priority] = words;
  if (install !== '--install' || !link || !name || !path || !/^-?\d+$/.test(priority ?? '')) return undefined;
  const slaves: AlternativeEffect['slaves'] = [];
  for (let at = 5; at < words.length; at += 4) {
    const [option, slaveLink, slaveName, slavePath] = words.slice(at, at + 4);
    if (option !== '--slave' || !slaveLink || !slaveName || !slavePath) return undefined;
    slaves.push({ name: slaveName, link: slaveLink, path: slavePath });
  }
  return { kind: 'alternative', name, link, path, priority: Number(priority), slaves };
}

/** One line a folder: `PATH default` or `PATH MODE USER GROUP`; only root's own are known here. */
function localFolders(text: string): Effect[] | undefined {
  const effects: Effect[] = [];
  for (const line of text.split('\n')) {
    const [path, mode, user, group] = line.split(' ');
    const plain = mode === 'default' || (/^\d{4,5}$/.test(mode ?? '') && user === 'root' && group === 'root');
    if (!path?.startsWith('/usr/local/') || !plain) return undefined;
    effects.push({
      kind: 'mkdir',
      path,
      mode: mode === 'default' || mode === undefined ? '0755' : mode,
      owner: '0:0',
    });
  }
  return effects;
}

const NOTHING = new RegExp(
  [
    '^maintscript-helper$',
    '^(preinst|postinst)-(emacsen|menu|menu-method|icons|modules)$',
    '^(preinst|postinst)-init',
    '^(preinst|postinst)-systemd-',
    '^postinst-(py3compile|pycompile|pypycompile|runit|xfonts)$',
  ].join('|'),
);

const one = (effect: Effect | undefined): Effect[] | undefined => effect && [effect];

/** What a debhelper section does on a fresh install; undefined when that needs more than the section says. */
export function templateEffects({ template, values }: TemplateMatch): Effect[] | undefined {
  switch (template) {
    case 'postinst-alternatives':
      return one(alternative(values['INSTALL_OPTIONS'] ?? ''));
    case 'postinst-wm':
    case 'postinst-wm-noman': {
      const name = 'x-window-manager';
      const man = values['WMMAN']
        ? ` --slave /usr/share/man/man1/${name}.1.gz ${name}.1.gz ${values['WMMAN']}`
        : '';
      return one(
        alternative(`--install /usr/bin/${name} ${name} ${values['WM']} ${values['PRIORITY']}${man}`),
      );
    }
    case 'postinst-usrlocal':
      return localFolders(values['DIRS'] ?? '');
    case 'postinst-ucf': {
      const { UCFSRC: from, UCFDEST: to, PACKAGE: name } = values;
      return from && to && name ? [{ kind: 'ucf', from, to, package: name, mode: '0644' }] : undefined;
    }
    default:
      // postinst-sysusers is missing here: it gives out ids that are free, and ours must be fixed
      return NOTHING.test(template) ? [] : undefined;
  }
}
