/** A seccomp filter that answers some system calls itself and lets all others through. */
export interface SyscallAnswers {
  /** AUDIT_ARCH_* of linux/audit.h. */
  architecture: number;
  numbers: readonly number[];
  /** 0: "done", without doing anything. */
  errno: number;
}

export const X86_64 = 0xc000003e;

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
/** Offsets in struct seccomp_data (seccomp(2)). */
const NUMBER_AT = 0;
const ARCHITECTURE_AT = 4;

/** Classic BPF: struct sock_filter[], little endian. */
export function filterBytes({ architecture, numbers, errno }: SyscallAnswers): Buffer {
  const program: [code: number, ifTrue: number, ifFalse: number, value: number][] = [
    [LOAD_WORD, 0, 0, ARCHITECTURE_AT],
    [JUMP_IF_EQUAL, 0, numbers.length + 1, architecture],
    [LOAD_WORD, 0, 0, NUMBER_AT],
    ...numbers.map((number, index): [number, number, number, number] => [
      JUMP_IF_EQUAL,
      numbers.length - index,
      0,
      number,
    ]),
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO + errno],
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

// without CAP_SYS_ADMIN a filter may only be loaded by one who gives up set-uid programs (38: PR_SET_NO_NEW_PRIVS)
const GIVE_UP = `libc.prctl(38, 1, 0, 0, 0)
`;

const START = `${LOAD}load(sys.argv[1])
os.execvp(sys.argv[2], sys.argv[2:])
`;

const START_GIVING_UP = START.replace('load(sys.argv[1])', `${GIVE_UP}load(sys.argv[1])`);

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

/** Words that load the filter and become the command that follows; needs CAP_SYS_ADMIN in its user namespace, or `giveUp`. */
export function loadFilterWords(python: string, filter: Buffer, giveUp = false): string[] {
  return [python, '-I', '-S', '-c', giveUp ? START_GIVING_UP : START, filter.toString('hex')];
}

/** Words that enter the namespaces of `pid`, load the filter and run the command that follows as a child. */
export function enterFilteredWords(python: string, filter: Buffer, pid: number): string[] {
  return [python, '-I', '-S', '-c', ENTER, filter.toString('hex'), String(pid)];
}
