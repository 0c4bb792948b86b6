import { resolve } from 'node:path';
import { loadTables } from '../../compat/index.ts';
import { applyFixes, fileFinding, runDoctor, safeFixes, writeBundle } from '../../doctor/index.ts';
import type { DoctorOptions, DoctorReport, Finding } from '../../doctor/index.ts';
import { EXIT, isRigError, RigError } from '../../kernel/index.ts';
import { readLock } from '../../lock/index.ts';
import { loadSpec } from '../../spec/index.ts';
import { confirm } from '../confirm.ts';
import { engineFor, layoutOf } from '../flows/environment.ts';
import { execInside } from '../flows/verification.ts';
import type { Call, Handler } from '../outcome.ts';
import type { DoctorFlags } from '../routes/check.ts';

export const handler: Handler<DoctorFlags, [name?: string]> = async (call, flags, typed) => {
  const layout = layoutOf(call);
  const files: Finding[] = [];
  const loaded = await orFinding(loadSpec({ folder: call.cwd, env: call.env }), 'spec', files);
  const name = typed ?? loaded?.name;
  const { engine } = engineFor(call);
  const [{ tables }, lock, status] = await Promise.all([
    loadTables(layout),
    loaded && orFinding(readLock(loaded.lockPath), 'lock', files),
    name === undefined ? undefined : engine.status(name),
  ]);
  if (typed !== undefined && status?.state === 'missing') {
    throw new RigError('RIG-ENGINE-002', `environment ${typed} is not there`, {
      hint: `rig up ${typed}; rig doctor alone looks at this machine`,
    });
  }
  const inside = status?.state === 'running' && flags.hostOnly !== true;
  if (status && status.state !== 'running' && status.state !== 'missing')
    call.say(`${name} does not run (${status.state}): only this machine is looked at; rig up starts it`);
  if (inside) call.say(`looking at this machine and into ${name} ...`);
  const options: DoctorOptions = {
    layout,
    env: call.env,
    tables,
    plan: lock?.plan ?? null,
    files,
    ...(inside && name !== undefined
      ? {
          environment: {
            name,
            exec: execInside({ engine, name }, call.signal),
            torch: lock?.plan != null,
            pid: status.pid,
          },
        }
      : {}),
  };
  const first = await runDoctor(options);
  const fixes = flags.fix ? await fix(call, first.report) : undefined;
  const isMended = fixes?.some(({ state }) => state === 'done') === true;
  const { report, recording } = isMended ? await runDoctor(options) : first;
  if (flags.bundle) {
    const files: [string, string][] = [
      ['report.json', JSON.stringify(report, null, 2)],
      ['machine.json', JSON.stringify(recording(), null, 2)],
    ];
    await writeBundle(resolve(call.cwd, flags.bundle), files, call.env);
    call.say(`wrote ${flags.bundle}: redacted, but read it before you attach it to anything`);
  }
  return {
    data: { ...report, ...(fixes ? { fixes } : {}) },
    text: doctorText(report, call),
    exitCode: report.verdict === 'fail' ? EXIT.failed : EXIT.ok,
  };
};

/** A file that cannot be used is a finding, and no reason not to look at the machine. */
async function orFinding<T>(
  reading: Promise<T>,
  file: 'spec' | 'lock',
  found: Finding[],
): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!isRigError(error)) throw error;
    found.push(fileFinding(file, error));
    return undefined;
  }
}

/** Shows what was found before it asks: who says yes must know to what. */
async function fix(call: Call, report: DoctorReport): Promise<Awaited<ReturnType<typeof applyFixes>>> {
  const { findings, host } = report;
  const fixes = safeFixes(findings, host);
  if (fixes.length === 0) {
    call.say('nothing here can be mended by rig itself');
    return [];
  }
  call.say(`${doctorText(report, call)}\n`);
  await confirm(call, `Run: ${fixes.map(({ command }) => command.join(' ')).join('; ')}?`);
  const results = await applyFixes(fixes, host);
  for (const { does, state, message } of results)
    call.say(`${does}: ${state}${message ? ` (${message})` : ''}`);
  return results;
}

function doctorText(
  { findings, summary, verdict }: DoctorReport,
  { colors, verbose }: Pick<Call, 'colors' | 'verbose'>,
): string {
  const marks = { fail: colors.red('✗'), warn: colors.yellow('!'), info: colors.dim('·') };
  const shown = findings.filter(({ severity }) => verbose || severity !== 'info');
  const blocks = shown.map((each: Finding) =>
    [
      `${marks[each.severity]} ${colors.bold(each.title)} ${colors.dim(each.id)}`,
      `    ${each.evidence.replaceAll('\n', '\n    ')}`,
      ...(each.remedy ? [`    ${colors.cyan('remedy')}: ${each.remedy}`] : []),
    ].join('\n'),
  );
  const end = { ok: colors.green, warn: colors.yellow, fail: colors.red }[verdict];
  return [...blocks, ...(blocks.length > 0 ? [''] : []), end(summary)].join('\n');
}
