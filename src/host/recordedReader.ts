import type { FileSystemFacts, HostReader, Look, Outcome } from './reader.ts';

/** A machine as data: what its files held and its programs answered. Everything not listed is not there. */
export interface Machine {
  /** Where this comes from; a machine that nobody recorded says so. */
  label: string;
  sources?: string[];
  platform?: string;
  arch?: string;
  uid?: number;
  env?: Record<string, string>;
  /** Absolute path -> text. */
  files?: Record<string, string>;
  links?: Record<string, string>;
  /** Paths that answer "permission denied". */
  denied?: string[];
  /** Paths that may be written. */
  writable?: string[];
  /** Mount point -> size. */
  disks?: Record<string, FileSystemFacts>;
  /** Command line -> answer; a text is standard output of a success. The longest that a command begins with counts. */
  commands?: Record<string, string | Answer>;
}

export interface Answer {
  stdout?: string;
  stderr?: string;
  code?: number;
  /** True: it never ends, the time limit does. */
  hangs?: boolean;
}

const missing = (path: string): Look<never> => ({ ok: false, why: 'missing', message: `ENOENT: ${path}` });
const denied = (path: string): Look<never> => ({
  ok: false,
  why: 'denied',
  message: `EACCES: permission denied, ${path}`,
});

function outcomeOf(answer: string | Answer): Outcome {
  const {
    stdout = '',
    stderr = '',
    code = 0,
    hangs = false,
  } = typeof answer === 'string' ? { stdout: answer } : answer;
  return { found: true, code: hangs ? null : code, stdout, stderr, timedOut: hangs };
}

/** Replays a recorded machine. */
export function recordedReader(machine: Machine): HostReader {
  const files = machine.files ?? {};
  const links = machine.links ?? {};
  const paths = [...Object.keys(files), ...Object.keys(links)];
  const forbidden = new Set(machine.denied);
  const isFolder = (path: string): boolean => paths.some((each) => each.startsWith(`${path}/`));
  const there = (path: string): boolean => path in files || path in links || isFolder(path);
  const disks = Object.entries(machine.disks ?? {}).sort(([a], [b]) => b.length - a.length);
  const commands = Object.entries(machine.commands ?? {}).sort(([a], [b]) => b.length - a.length);
  const answer = <T>(path: string, value: T | undefined): Promise<Look<T>> =>
    Promise.resolve(
      forbidden.has(path) ? denied(path) : value === undefined ? missing(path) : { ok: true, value },
    );
  return {
    readFile: (path) => answer(path, files[path]),
    readlink: (path) => answer(path, links[path]),
    readdir(path) {
      const names = paths
        .filter((each) => each.startsWith(`${path}/`))
        .map((each) => each.slice(path.length + 1).split('/', 1)[0] ?? '');
      return answer(path, names.length > 0 ? [...new Set(names)].sort() : undefined);
    },
    exists: (path) => Promise.resolve(path === '/' || there(path) || disks.some(([mount]) => mount === path)),
    writable: (path) => Promise.resolve((machine.writable ?? []).some((each) => path.startsWith(each))),
    statfs: (path) =>
      answer(
        path,
        disks.find(([mount]) => mount === '/' || path === mount || path.startsWith(`${mount}/`))?.[1],
      ),
    exec(command, args) {
      const line = [command, ...args].join(' ');
      const found = commands.find(
        ([known]) => line === known || line.startsWith(`${known} `) || line.startsWith(`${known}=`),
      );
      return Promise.resolve(
        found ? outcomeOf(found[1]) : { found: false, code: null, stdout: '', stderr: '', timedOut: false },
      );
    },
    identity: {
      platform: machine.platform ?? 'linux',
      arch: machine.arch ?? 'x64',
      uid: machine.uid ?? 1000,
      env: machine.env ?? {},
    },
  };
}
