import { byteOrder } from './byteOrder.ts';
import { cannotApply, type RootView } from './rootView.ts';

interface Profile {
  name: string;
  fields: Map<string, string>;
}

type Block = 'Primary' | 'Additional';

const STACKS = ['auth', 'account', 'password', 'session', 'session-noninteractive'];
const MARKS: Record<Block, string> = {
  Primary: '# here are the per-package modules (the "Primary" block)',
  Additional: '# and here are more per-package modules (the "Additional" block)',
};

/** Reads a file of /usr/share/pam-configs: fields whose value may go on in the following lines. */
function parseProfile(name: string, text: string): Profile {
  const fields = new Map<string, string>();
  let current = '';
  for (const line of text.split('\n')) {
    const start = /^(\S+):(?:\s+(.*?)\s*)?$/.exec(line);
    if (start) {
      current = (start[1] ?? '').replace(/-Final$/, '');
      fields.set(current, start[2] ?? '');
    } else if (line.trim() !== '') {
      fields.set(current, [fields.get(current), line.trim()].filter(Boolean).join('\n'));
    }
  }
  if (!fields.has('Session-Interactive-Only')) {
    for (const suffix of ['-Type', '', '-Initial']) {
      const value = fields.get(`Session${suffix}`);
      if (value !== undefined) fields.set(`Session-noninteractive${suffix}`, value);
    }
  }
  return { name, fields };
}

/** The modules of one block of one stack, profile by profile; the first profile of a block gives its `-Initial` lines. */
function blockOf(
  profiles: readonly Profile[],
  stack: string,
  wanted: (type: string) => boolean,
): { name: string; lines: string[] }[] {
  const key = `${stack.charAt(0).toUpperCase()}${stack.slice(1)}`;
  return profiles
    .filter(({ fields }) => wanted(fields.get(`${key}-Type`) ?? ''))
    .map(({ name, fields }, index) => {
      const text = (index === 0 && fields.get(`${key}-Initial`)) || fields.get(key) || '';
      return { name, lines: text.split('\n').filter(Boolean) };
    });
}

/** A module line with its jump `end` counted; control and module keep their spacing, options get one blank each. */
function moduleLine(line: string, jump: number): string {
  const match = /^((?:\[[^\]]+\]|\w+)\s+\S+)\s*(.*)$/.exec(line);
  if (!match) throw cannotApply(`the PAM profile line ${JSON.stringify(line)} is not understood`);
  const head = (match[1] ?? '').replaceAll('end', String(jump));
  // a module without options keeps the blank: so does pam-auth-update
  return `${head} ${(match[2] ?? '').split(/\s+/).join(' ')}`;
}

function blockText(profiles: readonly Profile[], stack: string, block: Block): string[] {
  const type = stack.replace('-noninteractive', '');
  const lines = blockOf(profiles, stack, (kind) => kind === block).flatMap((each) => each.lines);
  if (block === 'Primary' && lines.length === 0) return [`${type}\t[default=1]\t\t\tpam_permit.so`];
  const last = block === 'Additional' ? 1 : 0;
  return lines.map((line, index) => `${type}\t${moduleLine(line, lines.length - last - index)}`);
}

/** One common-* file: the template with both blocks filled in. */
function stackText(template: string, profiles: readonly Profile[], stack: string): string {
  const out: string[] = [];
  for (const line of template.split('\n')) {
    if (/^\$[a-z_]+$/.test(line)) continue;
    out.push(line);
    if (line === MARKS.Primary) out.push(...blockText(profiles, stack, 'Primary'));
    if (line === MARKS.Additional) out.push(...blockText(profiles, stack, 'Additional'));
  }
  return out.join('\n');
}

/** What pam-auth-update remembers of a stack, to find local changes later. */
function savedText(profiles: readonly Profile[], stack: string): string {
  const primary = blockOf(profiles, stack, (type) => type !== '' && type !== 'Additional');
  const additional = blockOf(profiles, stack, (type) => type !== '' && type !== 'Primary');
  const text = [...primary, ...additional]
    .filter(({ lines }) => lines.length > 0)
    .map(({ name, lines }) => `Module: ${name}\n${lines.join('\n')}\n`);
  if (primary.length === 0) text.unshift('Module: null\n[default=1]\t\t\tpam_permit.so\n');
  return text.join('');
}

function priorityOf(profile: Profile): number {
  return Number(profile.fields.get('Priority') ?? 0);
}

function withoutConflicts(profiles: readonly Profile[]): Profile[] {
  const kept: Profile[] = [];
  for (const profile of profiles) {
    const clash = kept.some((other) =>
      (other.fields.get('Conflicts') ?? '').split(', ').includes(profile.name),
    );
    if (!clash) kept.push(profile);
  }
  return kept;
}

/** /etc/pam.d/common-* from the packages' profiles that are on by default, by priority, and the state in /var/lib/pam (pam-auth-update(8)). */
export function applyPam(root: RootView): void {
  const folder = '/usr/share/pam-configs';
  const all = root
    .list(folder)
    .map((name) => parseProfile(name, root.read(`${folder}/${name}`).toString()))
    .sort((a, b) => priorityOf(b) - priorityOf(a) || byteOrder(b.name, a.name));
  const enabled = withoutConflicts(all.filter(({ fields }) => fields.get('Default') === 'yes'));
  for (const stack of STACKS) {
    const template = root.read(`/usr/share/pam/common-${stack}`).toString();
    root.file(`/etc/pam.d/common-${stack}`, stackText(template, enabled, stack));
    root.file(`/var/lib/pam/${stack}`, savedText(enabled, stack));
  }
  root.file('/var/lib/pam/seen', all.map(({ name }) => `${name}\n`).join(''));
}
