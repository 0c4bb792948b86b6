import { cannotApply, type RootView } from './rootView.ts';

const SHADOW = { mode: 0o640, uid: 0, gid: 42 };

export interface NewUser {
  name: string;
  uid: number;
  gid: number;
  gecos: string;
  home: string;
  shell: string;
}

const lines = (text: string): string[][] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(':'));
const text = (rows: string[][]): string => rows.map((row) => `${row.join(':')}\n`).join('');

/** The four account files, grown line by line and written once (passwd(5), shadow(5), group(5), gshadow(5)). */
export class Accounts {
  private readonly passwd: string[][];
  private readonly group: string[][];
  private readonly added = new Set<string>();

  /** Starts from base-passwd's master lists, in which `*` stands for the password. */
  constructor(passwdMaster: string, groupMaster: string) {
    this.passwd = lines(passwdMaster);
    this.group = lines(groupMaster);
  }

  private static check(known: string[][], name: string, id: number): boolean {
    const same = known.find((line) => line[0] === name);
    if (same) return true;
    const taken = known.find((line) => line[2] === String(id));
    if (taken) throw cannotApply(`the id ${id} of ${name} already belongs to ${taken[0]}`);
    return false;
  }

  addGroup(name: string, gid: number): void {
    if (Accounts.check(this.group, name, gid)) return;
    this.group.push([name, 'x', String(gid), '']);
  }

  addUser({ name, uid, gid, gecos, home, shell }: NewUser): void {
    if (Accounts.check(this.passwd, name, uid)) return;
    this.passwd.push([name, 'x', String(uid), String(gid), gecos, home, shell]);
    this.added.add(name);
  }

  /** Writes /etc/passwd and /etc/group, and with `day` (of the last change, since 1970) /etc/shadow and /etc/gshadow. */
  write(root: RootView, day: number | undefined): void {
    const hidden = (lines: string[][]): string[][] =>
      day === undefined ? lines : lines.map((line) => [line[0] ?? '', 'x', ...line.slice(2)]);
    root.file('/etc/passwd', text(hidden(this.passwd)));
    root.file('/etc/group', text(hidden(this.group)));
    if (day === undefined) return;
    const shadow = this.passwd.map(([name = '']) =>
      this.added.has(name)
        ? [name, '!', String(day), '', '', '', '', '', '']
        : [name, '*', String(day), '0', '99999', '7', '', '', ''],
    );
    const gshadow = this.group.map(([name = '', mark, , members = '']) => [
      name,
      mark === 'x' ? '!' : '*',
      '',
      members,
    ]);
    root.file('/etc/shadow', text(shadow), SHADOW);
    root.file('/etc/gshadow', text(gshadow), SHADOW);
  }
}
