import type { Answer, Machine } from './recordedReader.ts';
import type { HostReader, Look } from './reader.ts';

/** Longer texts are cut: /proc/cpuinfo of 256 cores says the same 256 times. */
const LONGEST = 40_000;

const keep = (text: string): string => text.slice(0, LONGEST);

/**
 * Writes down everything that is read through it, so that another machine can replay it (`rig doctor --bundle`).
 * Names and texts are as they were: redact before giving it away.
 */
export function recordingReader(inner: HostReader): { reader: HostReader; machine: () => Machine } {
  const files: Record<string, string> = {};
  const links: Record<string, string> = {};
  const denied = new Set<string>();
  const writable = new Set<string>();
  const disks: NonNullable<Machine['disks']> = {};
  const commands: Record<string, Answer> = {};
  function note<T>(path: string, look: Look<T>, take: (value: T) => void): Look<T> {
    if (look.ok) take(look.value);
    else if (look.why === 'denied') denied.add(path);
    return look;
  }
  const reader: HostReader = {
    identity: inner.identity,
    readFile: async (path) => note(path, await inner.readFile(path), (text) => (files[path] = keep(text))),
    readlink: async (path) => note(path, await inner.readlink(path), (target) => (links[path] = target)),
    readdir: async (path) =>
      note(path, await inner.readdir(path), (names) => {
        // Files are only known by name here; what is read of them is filled in by readFile.
        if (path !== '/proc') for (const name of names) files[`${path}/${name}`] ??= '';
      }),
    async exists(path) {
      const there = await inner.exists(path);
      if (there) files[path] ??= '';
      return there;
    },
    async writable(path) {
      const may = await inner.writable(path);
      if (may) writable.add(path);
      return may;
    },
    statfs: async (path) => note(path, await inner.statfs(path), (facts) => (disks[path] = facts)),
    async exec(command, args, options) {
      const { found, code, stdout, stderr, timedOut } = await inner.exec(command, args, options);
      if (found) {
        const line = [command, ...args].join(' ');
        commands[line] = timedOut
          ? { hangs: true }
          : { stdout: keep(stdout), stderr: keep(stderr), code: code ?? 1 };
      }
      return { found, code, stdout, stderr, timedOut };
    },
  };
  const { platform, arch, uid } = inner.identity;
  return {
    reader,
    machine: () => ({
      label: 'recorded by rig doctor --bundle',
      platform,
      arch,
      ...(uid === null ? {} : { uid }),
      files,
      links,
      denied: [...denied],
      writable: [...writable],
      disks,
      commands,
    }),
  };
}
