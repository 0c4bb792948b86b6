/**
 * A seccomp filter that answers 0, "done", to every call that changes owners or identities, for a box in which only one id
 * exists: there the kernel refuses them all, and apt, dpkg, sshd and su would fail (sandbox.md, section 4). Ownership is
 * then pretended, never stored.
 */
const CALLS: Partial<Record<NodeJS.Architecture, { audit: number; numbers: number[] }>> = {
  // chown fchown lchown fchownat setuid setgid setreuid setregid setgroups setresuid setresgid setfsuid setfsgid
  x64: { audit: 0xc000003e, numbers: [92, 93, 94, 260, 105, 106, 113, 114, 116, 117, 119, 122, 123] },
};

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const ERRNO_ZERO = 0x00050000;
/** Offsets in struct seccomp_data (seccomp(2)). */
const NUMBER_AT = 0;
const ARCHITECTURE_AT = 4;

/** Classic BPF (struct sock_filter[], little endian), or undefined for a processor whose numbers we do not know. */
export function pretendFilter(architecture: NodeJS.Architecture = process.arch): Buffer | undefined {
  const calls = CALLS[architecture];
  if (!calls) return undefined;
  const { audit, numbers } = calls;
  const program: [code: number, ifTrue: number, ifFalse: number, value: number][] = [
    [LOAD_WORD, 0, 0, ARCHITECTURE_AT],
    [JUMP_IF_EQUAL, 0, numbers.length + 1, audit],
    [LOAD_WORD, 0, 0, NUMBER_AT],
    ...numbers.map((number, index): [number, number, number, number] => [
      JUMP_IF_EQUAL,
      numbers.length - index,
      0,
      number,
    ]),
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO_ZERO],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}

const LOAD = `import ctypes, os, struct, sys
def load(text):
    code = bytes.fromhex(text)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack('HP', len(code) // 8, ctypes.addressof(buffer)))
    if libc.prctl(22, 2, program, 0, 0):
        raise OSError(ctypes.get_errno(), 'seccomp filter refused')
libc = ctypes.CDLL(None, use_errno=True)
`;

const START = `${LOAD}load(sys.argv[1])
os.execvp(sys.argv[2], sys.argv[2:])
`;

// nsenter cannot load a filter, and inside there may be no Python: so the host's does both, in this order
const ENTER = `${LOAD}import signal
pid = sys.argv[2]
for fd in [os.open('/proc/%s/ns/%s' % (pid, kind), os.O_RDONLY) for kind in ('user', 'mnt', 'uts', 'ipc', 'pid')]:
    if libc.setns(fd, 0):
        raise OSError(ctypes.get_errno(), 'the environment cannot be entered')
    os.close(fd)
load(sys.argv[1])
child = os.fork()
if child == 0:
    try:
        os.execvp(sys.argv[3], sys.argv[3:])
    except OSError as error:
        print('%s: %s' % (sys.argv[3], error.strerror), file=sys.stderr)
    os._exit(127)
for each in (signal.SIGINT, signal.SIGQUIT):
    signal.signal(each, signal.SIG_IGN)
status = os.waitpid(child, 0)[1]
os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
`;

/** Words that load the filter and become the command that follows; needs CAP_SYS_ADMIN in its user namespace. */
export function loadFilterWords(python: string, filter: Buffer): string[] {
  return [python, '-I', '-S', '-c', START, filter.toString('hex')];
}

/** Words that enter the namespaces of `pid`, load the filter and run the command that follows as a child. */
export function enterFilteredWords(python: string, filter: Buffer, pid: number): string[] {
  return [python, '-I', '-S', '-c', ENTER, filter.toString('hex'), String(pid)];
}
