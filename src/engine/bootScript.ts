import { basename, dirname } from 'node:path';
import type { SandboxMode } from './engine.ts';
import type { EnvironmentFolder } from './environmentFolder.ts';
import { confineWords } from './capabilities.ts';
import { IDENTIFIER, shellQuote, shellWords } from './shellQuote.ts';
import { TOOLBOX_INSIDE, toolWords } from './toolbox.ts';
import type { Toolbox } from './toolbox.ts';

/** Everything that is decided before the first process runs; all paths absolute and real. */
export interface BootPlan {
  mode: Exclude<SandboxMode, 'proot'>;
  folder: EnvironmentFolder;
  lower: string;
  upper: string;
  work: string;
  toolbox: Toolbox;
  hostname: string;
  /** hostname(1) of the host; undefined leaves the host's name. */
  hostnameProgram: string | undefined;
  /** Bytes. */
  shm: number;
  /** cgroup.procs files to join. */
  cgroups: string[];
  oomScore: number;
  binds: Bind[];
  /** Symbolic links made at every start: [path inside, target]. */
  links: [string, string][];
  /** Files to copy from the environment's folder: [file in `place`, path inside, octal mode]. */
  files: [string, string, string][];
  env: Record<string, string>;
  workdir: string;
  /** The init with its arguments, then the command. */
  command: string[];
}

export interface Bind {
  source: string;
  target: string;
  kind: 'dir' | 'file';
  readonly: boolean;
  /** Mount points of the host below a folder `source`, relative to it: a read-only bind must name each. */
  below?: string[];
  /** Missing things are passed over in silence. */
  optional?: boolean;
}

/** Where the host's root hangs between pivot_root and its detaching. */
const OLD = '/.rig-host';
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const READONLY_PROC = ['/proc/sys', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sysrq-trigger'];
const MASKED_FILES = ['/proc/keys', '/proc/kcore', '/proc/timer_list', '/proc/latency_stats'];
const MASKED_FOLDERS = ['/sys/firmware', '/proc/acpi', '/proc/scsi'];

/**
 * The script that the first process of the namespaces runs: it says who it is, mounts the overlay, switches the root, and
 * becomes the init. After the switch every path is resolved inside the new root and every program is the toolbox's, so that
 * neither a link nor a program planted by somebody inside reaches the host.
 */
export function bootScript(plan: BootPlan): string {
  return [
    ...identify(plan),
    ...mountRoot(plan),
    ...switchRoot(plan),
    ...mountKernelFolders(plan),
    ...emptyTmp(),
    ...placeFiles(plan),
    ...mountBinds(plan),
    ...becomeInit(plan),
    '',
  ].join('\n');
}

function identify({ folder, cgroups, oomScore, hostname, hostnameProgram }: BootPlan): string[] {
  const q = shellQuote;
  return [
    '# written by rig before every start',
    'set -eu',
    'umask 022',
    `read -r stat </proc/self/stat`,
    `read -r boot </proc/sys/kernel/random/boot_id`,
    `printf '%s\\n%s\\n%s\\n' "$stat" "$(readlink /proc/self/ns/pid)" "$boot" >${q(folder.box)}.new`,
    `mv ${q(folder.box)}.new ${q(folder.box)}`,
    ...cgroups.map((file) => `echo 0 >${q(file)}`),
    `echo ${oomScore} >/proc/self/oom_score_adj || :`,
    ...(hostnameProgram ? [`${q(hostnameProgram)} ${q(hostname)} || :`] : []),
  ];
}

function mountRoot({ mode, folder, lower, upper, work }: BootPlan): string[] {
  const options = `${mode === 'root' ? '' : 'userxattr,'}lowerdir=${escapeOption(lower)},upperdir=${escapeOption(upper)},workdir=${escapeOption(work)}`;
  return [
    `mount -t overlay -o ${shellQuote(options)} rig ${shellQuote(folder.mount)}`,
    `cd ${shellQuote(folder.mount)}`,
    // a link planted here would move the toolbox to a place of somebody else's choice
    'for d in proc sys dev run tmp; do if [ -L $d ]; then echo "/$d is a symbolic link" >&2; exit 1; fi; [ -d $d ] || mkdir $d; done',
    `[ -d .${OLD} ] && [ ! -L .${OLD} ] || mkdir .${OLD}`,
  ];
}

/** Overlay options are split at commas and colons; both and the backslash are escaped by one. */
export function escapeOption(path: string): string {
  return path.replaceAll(/[\\,:]/g, '\\$&');
}

function switchRoot({ toolbox }: BootPlan): string[] {
  const words = toolWords(toolbox, '', `${OLD}${toolbox.path}`);
  const prefix = words.slice(0, -1);
  const run = prefix.length > 0 ? `${shellWords(prefix)} ` : '';
  return [
    `pivot_root . .${OLD}`,
    'cd /',
    `t() { tool=$1; shift; ${run}${shellQuote(`${OLD}${toolbox.path}`)}/$tool "$@"; }`,
  ];
}

function mountKernelFolders({ mode, shm }: BootPlan): string[] {
  const dev = [
    ...DEVICES.map(
      (name) => `: >/dev/${name}; echo "${OLD}/dev/${name} /dev/${name} none bind 0 0" >>/dev/list`,
    ),
    't mount --all --fstab /dev/list',
    't rm /dev/list',
  ];
  const sys =
    mode === 'root'
      ? ['t mount -t sysfs -o ro,nosuid,nodev,noexec sysfs /sys']
      : [`t mount --rbind ${OLD}/sys /sys`, 't mount -o remount,bind,ro /sys'];
  const tty = mode === 'single' ? '' : ',gid=5';
  return [
    't mount -t proc -o nosuid,nodev,noexec proc /proc',
    ...sys,
    't mount -t tmpfs -o mode=755,nosuid,size=1m dev /dev',
    ...dev,
    't mkdir /dev/pts /dev/shm /dev/mqueue',
    't ln -s pts/ptmx /dev/ptmx',
    't ln -s /proc/self/fd /dev/fd',
    't ln -s /proc/self/fd/0 /dev/stdin',
    't ln -s /proc/self/fd/1 /dev/stdout',
    't ln -s /proc/self/fd/2 /dev/stderr',
    `t mount -t devpts -o newinstance,ptmxmode=0666,mode=0620${tty} devpts /dev/pts`,
    `t mount -t tmpfs -o mode=1777,nosuid,nodev,size=${shm} shm /dev/shm`,
    't mount -t mqueue -o nosuid,nodev,noexec mqueue /dev/mqueue || :',
    't mount -t tmpfs -o mode=755,nosuid,nodev run /run',
    't mkdir -m 1777 /run/lock',
    `t mkdir ${TOOLBOX_INSIDE} /run/sshd`,
  ];
}

function mountBinds({ mode, toolbox, binds, links }: BootPlan): string[] {
  const all: Bind[] = [
    { source: toolbox.path, target: TOOLBOX_INSIDE, kind: 'dir', readonly: true },
    ...binds,
  ];
  return [
    ...all.flatMap((bind) => bindLines(bind)),
    '[ -L /root/workspace ] || { t mkdir -p /root/workspace; t mount --rbind /workspace /root/workspace; }',
    ...linkLines(links),
    // an ordinary user has no power over these anyway, and masks would forbid him namespaces of his own inside
    ...(mode === 'root' ? maskLines() : []),
  ];
}

function bindLines({ source, target, kind, readonly, below, optional }: Bind): string[] {
  const to = shellQuote(target);
  const make =
    kind === 'dir'
      ? `[ -d ${to} ] || t mkdir -p ${to}`
      : `[ -e ${to} ] || { t mkdir -p ${shellQuote(dirname(target))}; : >${to}; }`;
  const lines = [
    make,
    `t mount --${kind === 'dir' ? 'rbind' : 'bind'} ${shellQuote(OLD + source)} ${to}${optional ? ' || :' : ''}`,
  ];
  if (readonly) {
    for (const each of ['', ...(below ?? []).map((path) => `/${path}`)]) {
      lines.push(`t mount -o remount,bind,ro ${shellQuote(target + each)}${optional ? ' || :' : ''}`);
    }
  }
  return lines;
}

/** Links that keep their target's name are made by one program for a folder; what lies there already stays. */
function linkLines(links: [string, string][]): string[] {
  const groups = new Map<string, { folder: string; from: string; names: string[] }>();
  const lines: string[] = [];
  for (const [path, target] of links) {
    const [folder, name] = [dirname(path), basename(path)];
    if (basename(target) !== name) {
      lines.push(
        `[ -e ${shellQuote(path)} ] || { [ -d ${shellQuote(folder)} ] || t mkdir -p ${shellQuote(folder)}; t ln -sfn ${shellWords([target, path])}; }`,
      );
      continue;
    }
    const key = `${folder}\n${dirname(target)}`;
    const group = groups.get(key) ?? { folder, from: dirname(target), names: [] };
    groups.set(key, { ...group, names: [...group.names, name] });
  }
  for (const { folder, from, names } of groups.values()) {
    const [to, source] = [shellQuote(folder), shellQuote(from)];
    lines.push(
      `[ -d ${to} ] || t mkdir -p ${to}`,
      `set --; for n in ${shellWords(names)}; do [ -e ${to}/$n ] || [ -L ${to}/$n ] || set -- "$@" ${source}/$n; done; [ $# -eq 0 ] || t ln -s -t ${to} "$@"`,
    );
  }
  return lines;
}

function listEach(paths: string[], test: string, line: string): string {
  return `for p in ${paths.join(' ')}; do if [ -${test} $p ]; then echo "${line}"; fi; done`;
}

/** Listed first and mounted by one program: a start takes as long as the programs it runs. */
function maskLines(): string[] {
  return [
    '{',
    listEach(READONLY_PROC, 'e', '$p $p none bind,ro,nosuid,nodev,noexec 0 0'),
    listEach(MASKED_FILES, 'e', '/dev/null $p none bind 0 0'),
    listEach(MASKED_FOLDERS, 'd', 'mask $p tmpfs ro,size=0 0 0'),
    '} >/run/masks',
    't mount --all --fstab /run/masks',
    't rm /run/masks',
  ];
}

/**
 * The layer keeps /tmp on disk, so that it does not count as memory; its content ends with the environment. Nothing of the
 * host's is mounted yet, so nothing of the host's can be removed.
 */
function emptyTmp(): string[] {
  return ['t rm -rf --one-file-system /tmp/..?* /tmp/.[!.]* /tmp/*', 't chmod 1777 /tmp'];
}

/** Before the user's folders are mounted: a file of ours is never written into one. */
function placeFiles({ folder, files }: BootPlan): string[] {
  // install(1) puts a new file in the place of what lies there, a link (systemd's resolv.conf) too
  return files.map(
    ([file, path, mode]) =>
      `t install -D -m ${mode} ${shellQuote(`${OLD}${folder.place}/${file}`)} ${shellQuote(path)}`,
  );
}

function becomeInit(plan: BootPlan): string[] {
  const { toolbox, env, workdir, command, folder } = plan;
  const entries = Object.entries(env);
  const plain = entries.filter(([key]) => IDENTIFIER.test(key));
  const rest = entries.filter(([key]) => !IDENTIFIER.test(key)).map(([key, value]) => `${key}=${value}`);
  // a shell cannot hold a name like A.B
  const others = rest.length > 0 ? [...toolWords(toolbox, 'env'), ...rest] : [];
  return [
    `: >${shellQuote(OLD + folder.ready)}`,
    'umount=$(set +e; t umount -l ' + OLD + ' 2>&1) || { echo "$umount" >&2; exit 1; }',
    `${shellWords(toolWords(toolbox, 'rm'))} -d ${OLD}`,
    '(echo ready >&3) 2>/dev/null || :',
    'exec 3>&-',
    ...plain.map(([key, value]) => `export ${key}=${shellQuote(value)}`),
    `cd ${shellQuote(workdir)} 2>/dev/null || cd /`,
    `exec ${shellWords([...toolWords(toolbox, 'setpriv'), ...confineWords(), '--', ...others, ...command])}`,
  ];
}
