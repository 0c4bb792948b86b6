import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { handler } from '../../src/cli/commands/doctor.ts';
import { handler as explain } from '../../src/cli/commands/explain.ts';
import { colorsFor } from '../../src/cli/colors.ts';
import type { Call } from '../../src/cli/outcome.ts';
import type { DoctorReport } from '../../src/doctor/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rig-doctor-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A call that asks nothing of the network. */
function callIn(cwd: string): Call {
  return {
    env: {
      ...process.env,
      TORCHRIG_HOME: join(cwd, 'home'),
      TORCHRIG_PYTHON_INDEX: 'http://127.0.0.1:9/simple',
    },
    cwd,
    rest: [],
    json: false,
    quiet: true,
    verbose: false,
    yes: false,
    signal: new AbortController().signal,
    progress: () => {},
    say: () => {},
    stream: () => {},
    releaseTerminal: () => {},
    colors: colorsFor({}, {}, false),
  };
}

it.each([
  ['torchrig.yaml', 'spec-invalid', 'memory: lots\n', /torchrig\.yaml:1:\d+.*memory/s],
  ['torchrig.lock', 'lock-invalid', 'format = [\n', /torchrig\.lock/],
])(
  'a faulty %s is a finding, and the machine is looked at all the same',
  async (file, id, text, evidence) => {
    await writeFile(join(folder, file), text);
    const { data, text: shown, exitCode } = await handler(callIn(folder), {});
    const { findings, verdict, host } = data as DoctorReport;
    const ids = findings.map((each) => each.id);
    expect(ids[0]).toBe(id);
    expect(ids).toContain('source-unreachable');
    expect(findings[0]?.evidence).toMatch(evidence);
    expect([verdict, exitCode]).toEqual(['fail', 1]);
    expect(host.system.kernel).toBeTruthy();
    expect(shown).toContain(`${file} cannot be used ${id}`);
  },
);

it('explain says how sure it is of what it recognises, how often, and that nothing recognised is not nothing wrong', async () => {
  const log = join(folder, 'train.log');
  const oom = 'torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n';
  await writeFile(log, `epoch 1\n${oom}${oom}`);
  const found = await explain(callIn(folder), {}, log);
  expect(found.text).toContain('(cuda_oom, high confidence)');
  expect(found.text).toContain('line 2, 2 times: torch.cuda.OutOfMemoryError');
  await writeFile(log, 'epoch 1\n');
  const nothing = await explain(callIn(folder), {}, log);
  expect(nothing.exitCode).toBe(1);
  expect(nothing.text).toMatch(/^no known problem is recognised in .*train\.log; .*rig doctor/);
  const code = await explain(callIn(folder), {}, 'RIG-LOCK-003');
  expect(code.text).toMatch(/^torchrig\.lock has a format .* \(RIG-LOCK-003\)$/m);
});
