import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandboxEngine } from '../../src/engine/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { homeLayout } from '../../src/kernel/index.ts';
import { capture, until } from './capture.ts';
import { CHECKOUT, has, noRootReason, testRoot } from './testRoot.ts';

const reason =
  noRootReason() ?? (has('python3') ? undefined : 'python3, which plays the terminal, is missing');
const NAME = 'box';

/** A terminal of 33 rows and 101 columns in which a command runs; what is typed comes from a list of [wait for, type]. */
const TERMINAL = `
import fcntl, json, os, pty, select, struct, sys, termios, time
steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
def size(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
size(33, 101)
seen = b''
end = time.time() + 60
while time.time() < end:
    if steps and steps[0][0].encode() in seen:
        seen = seen.split(steps[0][0].encode(), 1)[1]
        word = steps.pop(0)[1]
        if word.startswith('SIZE '):
            size(*map(int, word.split()[1:]))
        else:
            os.write(fd, word.encode())
    if select.select([fd], [], [], 0.1)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
        sys.stdout.buffer.write(data)
status = os.waitpid(pid, 0)[1]
print('\\nended with', os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status))
`;

describe.skipIf(reason)(`exec and the terminal${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let base: string;
  let engine: Engine;
  let script: string;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'rig-terminal-'));
    await mkdir(join(base, 'work'));
    engine = createSandboxEngine({ layout: homeLayout(join(base, 'home')) });
    await engine.start({
      name: NAME,
      imageDigest: `sha256:${'f'.repeat(64)}`,
      lower: await testRoot(),
      image: {},
      workspace: join(base, 'work'),
    });
    script = join(base, 'exec.ts');
    const kernel = JSON.stringify(join(CHECKOUT, 'src/kernel/index.ts'));
    const front = JSON.stringify(join(CHECKOUT, 'src/engine/index.ts'));
    await writeFile(
      script,
      `import { createSandboxEngine } from ${front}; import { homeLayout } from ${kernel};
const engine = createSandboxEngine({ layout: homeLayout(${JSON.stringify(join(base, 'home'))}) });
const [tty, ...command] = process.argv.slice(2);
engine.exec('${NAME}', { command, tty: tty === 'tty' }).then((code) => { process.exitCode = code; });`,
    );
  });
  afterAll(async () => {
    await engine.remove(NAME, { purge: true });
    await rm(base, { recursive: true, force: true });
  });
  const runs = async (): Promise<boolean> =>
    (await capture(engine, NAME, ['ps', 'ax'])).out.includes('sleep 4715');
  const words = (tty: boolean, command: string[]): string[] => [
    process.execPath,
    '--import',
    'tsx',
    script,
    tty ? 'tty' : 'pipe',
    ...command,
  ];
  const typed = async (steps: [string, string][], command: string[]): Promise<string> =>
    (
      await promisify(execFile)('python3', ['-c', TERMINAL, JSON.stringify(steps), ...words(true, command)], {
        cwd: CHECKOUT,
      })
    ).stdout;

  it("has a terminal of its own, of the outer one's size, which follows", async () => {
    const shown = await typed(
      [
        ['READY', 'tty; stty size; echo S$((0+1))\n'],
        ['S1\r\n', 'SIZE 40 120'],
      ],
      [
        'sh',
        '-c',
        'echo READY; read -r line; eval "$line"; while [ "$(stty size)" != "40 120" ]; do sleep 0.1; done; echo resized; exit 5',
      ],
    );
    expect(shown).toContain('/dev/pts/0');
    expect(shown).toContain('33 101');
    expect(shown).toContain('resized');
    expect(shown).toContain('ended with 5');
  });

  it('Ctrl-C reaches what runs inside, and nothing else', async () => {
    const shown = await typed(
      [
        ['READY', '\u0003'],
        ['caught', 'go\n'],
      ],
      ['sh', '-c', 'trap "echo caught" INT; echo READY; read -r x || read -r x; echo "then $x"; exit 6'],
    );
    expect(shown).toContain('then go');
    expect(shown).toContain('ended with 6');
  });

  it('a signal to rig goes to the command inside, which decides', async () => {
    const [command = '', ...args] = words(false, [
      'sh',
      '-c',
      'trap "echo saved; exit 9" INT TERM; echo up; while :; do sleep 0.05; done',
    ]);
    const child = spawn(command, args, { cwd: CHECKOUT, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await until(() => out.includes('up'), 30_000);
    child.kill('SIGINT');
    expect(await new Promise((done) => child.once('close', done))).toBe(9);
    expect(out).toContain('saved');
  });

  it('kill -9 of rig ends the command inside', async () => {
    const [command = '', ...args] = words(false, ['sleep', '4715']);
    const child = spawn(command, args, { cwd: CHECKOUT, stdio: 'ignore' });
    await until(runs, 30_000);
    child.kill('SIGKILL');
    expect(await until(async () => !(await runs()))).toBe(true);
  });
});
