import { X86_64, filterBytes } from './syscallFilter.ts';

/** chown fchown lchown fchownat setuid setgid setreuid setregid setgroups setresuid setresgid setfsuid setfsgid */
const OWNERSHIP = [92, 93, 94, 260, 105, 106, 113, 114, 116, 117, 119, 122, 123];

/** renameat2 execveat statx openat2 faccessat2 fchmodat2 */
const UNKNOWN_TO_PROOT = [316, 322, 332, 437, 439, 452];
const ENOSYS = 38;

/**
 * Answers "done" to every call that changes owners or identities, for a box in which only one id exists: there the kernel
 * refuses them all, and apt, dpkg, sshd and su would fail (sandbox.md, section 4). Ownership is then pretended, never stored.
 * Undefined for a processor whose numbers we do not know.
 */
export function pretendFilter(architecture: NodeJS.Architecture = process.arch): Buffer | undefined {
  if (architecture !== 'x64') return undefined;
  return filterBytes({ architecture: X86_64, numbers: OWNERSHIP, errno: 0 });
}

/**
 * Answers "no such call" to calls that are younger than proot 5.1: it would leave their paths as they are, and programs would
 * see the host's files. All C libraries then fall back to older calls.
 */
export function prootFilter(architecture: NodeJS.Architecture = process.arch): Buffer | undefined {
  if (architecture !== 'x64') return undefined;
  return filterBytes({ architecture: X86_64, numbers: UNKNOWN_TO_PROOT, errno: ENOSYS });
}
