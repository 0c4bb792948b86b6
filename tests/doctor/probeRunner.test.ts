import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/kernel/index.ts';
import { probeScript } from '../../src/doctor/probeScript.ts';

const python = fileURLToPath(new URL('../../python', import.meta.url));
const hasPython = await run('python3', ['--version']).then(
  ({ code }) => code === 0,
  () => false,
);
let at = '';
beforeAll(async () => {
  at = await mkdtemp(join(tmpdir(), 'rig-probe-'));
});
afterAll(() => rm(at, { recursive: true, force: true }));

describe.skipIf(!hasPython)('the probe runner (needs python3)', () => {
  it('confines a crash, a hang, an exit and an exception to their step', async () => {
    const script = join(at, 'steps.py');
    await writeFile(
      script,
      `import sys, os, json, time, ctypes
sys.path.insert(0, ${JSON.stringify(python)}); sys.dont_write_bytecode = True
from rigprobe.runner import Failure, Step, run_jobs
def crash(): print("last words", flush=True); ctypes.string_at(0)
def hang(): os.system("sleep 60")
def leave(): os._exit(3)
def quit(): sys.exit("enough")
def wrong(): raise Failure("no", seen=1)
def fine(): return {"value": os.getpid() != PARENT}
PARENT = os.getpid()
steps = [Step(f.__name__, 1.0, f) for f in (fine, crash, hang, leave, quit, wrong)] + [Step("after", 1.0, fine)]
started = time.monotonic()
results = run_jobs([steps, [Step("beside", 5.0, fine)]], 20)
print(json.dumps({"results": results, "seconds": time.monotonic() - started}))
`,
    );
    const { stdout, stderr } = await run('python3', [script], { timeout: 30_000 });
    expect(stderr).toBe('');
    const { results, seconds } = JSON.parse(stdout);
    expect(results.fine).toMatchObject({ ok: true, value: true });
    expect(results.beside.ok && results.after.ok).toBe(true);
    expect(results.crash.error).toMatchObject({ kind: 'signal', signal: 'SIGSEGV', output: 'last words' });
    expect(results.hang.error.kind).toBe('timeout');
    expect(results.leave.error).toMatchObject({ kind: 'exit', message: expect.stringContaining('code 3') });
    expect(results.quit.error).toMatchObject({ kind: 'exception', type: 'SystemExit' });
    expect(results.wrong).toMatchObject({ ok: false, seen: 1, error: { kind: 'finding' } });
    expect(seconds).toBeLessThan(20);
  });

  it('gives every step a result when the whole takes too long', async () => {
    const script = join(at, 'late.py');
    await writeFile(
      script,
      `import sys, json, time
sys.path.insert(0, ${JSON.stringify(python)}); sys.dont_write_bytecode = True
from rigprobe.runner import Step, run_jobs
slow = lambda: time.sleep(30) or {}
print(json.dumps(run_jobs([[Step("a", 60, slow), Step("b", 60, slow)]], 0.5)))
`,
    );
    const results = JSON.parse((await run('python3', [script], { timeout: 20_000 })).stdout);
    expect([results.a.error.kind, results.b.error.kind]).toEqual(['timeout', 'timeout']);
  });

  it('runs jobs in forks of a process that has gone first, whatever becomes of it', async () => {
    const script = join(at, 'after.py');
    await writeFile(
      script,
      `import sys, os, json
sys.path.insert(0, ${JSON.stringify(python)}); sys.dont_write_bytecode = True
from rigprobe.runner import Step, after, run_jobs, unfold
seen = []
def first(): seen.append(1); return {}
def broken(): raise ValueError("no")
def dead(): os.kill(os.getpid(), 9)
def look(): return {"seen": len(seen)}
def run(step):
    jobs = [[Step("a", 5, look), Step("b", 5, dead)], [Step("c", 5, look)]]
    return unfold(run_jobs([after(step, jobs, 10), [Step("beside", 5, look)]], 15), jobs)
print(json.dumps([run(Step("first", 5, f)) for f in (first, broken, dead)]))
`,
    );
    const { stdout, stderr } = await run('python3', [script], { timeout: 30_000 });
    expect(stderr).toBe('');
    const [shared, broken, dead] = JSON.parse(stdout);
    expect(Object.keys(shared).toSorted()).toEqual(['a', 'b', 'beside', 'c', 'first']);
    expect([shared.a.seen, shared.c.seen, shared.beside.seen]).toEqual([1, 1, 0]);
    for (const each of [shared, broken, dead]) expect(each.b.error.signal).toBe('SIGKILL');
    expect(broken.first.error.message).toBe('no');
    expect([dead.first.ok, dead.a.ok, dead.c.ok]).toEqual([false, true, true]);
  });

  it('runs from standard input, without files inside and whatever lies in the current folder', async () => {
    await writeFile(join(at, 'json.py'), 'raise RuntimeError("shadowed")');
    const request = {
      packages: { pip: '0', 'no-such-package': '1', 'unicode-ä"\\n': '1' },
      torch: false,
      n: 10,
      limits: { import: 20, compute: 20, compile: 20, total: 60 },
    };
    const input = await probeScript('verify', request);
    const { stdout, stderr } = await run('python3', ['-'], { input, cwd: at, timeout: 60_000 });
    expect(stderr).toBe('');
    const report = JSON.parse(stdout);
    expect(report.steps).toEqual({});
    expect(report.imports.pip).toMatchObject({ ok: true, modules: ['pip'] });
    expect(report.imports['no-such-package']).toMatchObject({ ok: false, missing: true });
    expect(Object.keys(report.imports)).toContain('unicode-ä"\\n');
  });
});
