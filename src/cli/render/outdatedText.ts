import type { PackageOutlook } from '../../lock/index.ts';
import type { OutdatedReport } from '../flows/outdated.ts';
import type { Call } from '../outcome.ts';
import { table } from './table.ts';

type Look = Pick<Call, 'colors'>;

const unread = (reviewed: boolean): string => (reviewed ? '' : ' (read, not reviewed)');

/** The torch set against this machine. */
function torchLines({ torch }: OutdatedReport, { colors }: Look): string[] {
  if (torch === null) return [];
  const { locked, wanted, refusal, runnable, newest } = torch;
  const lines = [`${colors.bold(`torch ${locked.torch} ${locked.variant}`)} is locked`];
  if (wanted === null)
    lines.push(...refusal.map((why) => `${colors.red('✗')} cannot be upgraded here: ${why}`));
  else if (wanted.torch !== locked.torch || wanted.variant !== locked.variant)
    lines.push(
      `${colors.yellow('→')} torchrig.yaml allows ${wanted.torch} ${wanted.variant}: rig lock --upgrade torch`,
    );
  if (runnable && runnable.plan.torch !== (wanted ?? locked).torch)
    lines.push(
      `${colors.cyan('→')} this machine runs up to ${runnable.plan.torch} ${runnable.plan.variant}${unread(runnable.reviewed)}: write torch: "${runnable.plan.torch}" in torchrig.yaml`,
    );
  if (newest && newest.version !== runnable?.plan.torch) {
    lines.push(
      `${colors.red('✗')} ${newest.version} is the newest${unread(newest.reviewed)}, but not for this machine`,
    );
    lines.push(...newest.against.map((why) => `    ${why}`));
  }
  if (lines.length === 1)
    lines.push(`${colors.green('✓')} the newest that is served${newest ? unread(newest.reviewed) : ''}`);
  return lines;
}

function noteOf({ group, heldBy, wanted, latest, locked }: PackageOutlook): string {
  if (group === 'security') return 'security';
  if (group === 'torch') return 'torch set';
  if (heldBy) return `held by ${heldBy}`;
  return latest !== null && latest !== (wanted ?? locked) ? 'held by other packages' : '';
}

function packageTable({ packages }: OutdatedReport, { colors }: Look): string {
  const rows = packages.map((each) => {
    const { name, kind, group, locked, wanted, latest } = each;
    const paint =
      group === 'security' ? colors.red : wanted !== null && wanted !== locked ? colors.yellow : colors.dim;
    return [
      paint(name),
      kind === 'python' ? 'Python' : 'Debian',
      locked,
      wanted ?? '-',
      latest ?? '-',
      colors.dim(noteOf(each)),
    ];
  });
  return table(['package', '', 'locked', 'wanted', 'latest', ''], rows, colors);
}

/** The way to newer versions, for the kind of lock that it is. */
function nextLine({ lock, preset, packages, torch, problem }: OutdatedReport): string {
  if (lock.builtin)
    return `this lock comes with torchrig: preset ${preset ?? ''} is updated with it. rig init and rig lock --upgrade give a lock of your own`;
  const moves = packages.filter(({ wanted, locked }) => wanted !== null && wanted !== locked).length;
  if (problem)
    return `rig lock --upgrade would fail: ${problem.message}${problem.why ? ` (${problem.why})` : ''}`;
  const torchMoves = torch?.wanted && torch.wanted.torch !== torch.locked.torch;
  return moves > 0 || torchMoves
    ? 'rig lock --upgrade [NAME...] takes the wanted versions'
    : 'rig lock --upgrade would change nothing';
}

/** What `rig outdated` says. */
export function outdatedText(report: OutdatedReport, look: Look): string {
  const { lock, packages, looked } = report;
  const { colors } = look;
  const security = packages.filter(({ group }) => group === 'security').length;
  const age = lock.ageDays === 0 ? 'today' : lock.ageDays === 1 ? '1 day ago' : `${lock.ageDays} days ago`;
  const count =
    packages.length === 0
      ? colors.green('nothing newer is served')
      : `${packages.length} have newer versions${security > 0 ? colors.red(`, ${security} of them for security`) : ''}`;
  return [
    ...torchLines(report, look),
    ...(packages.length > 0 ? ['', packageTable(report, look)] : []),
    '',
    `${count}; ${looked.python} Python and ${looked.debian} Debian packages looked at`,
    `locked against the packages of ${lock.date} (${age})`,
    ...(lock.stale
      ? [colors.yellow('torchrig.yaml asks for something else than what is locked: rig lock')]
      : []),
    nextLine(report),
  ]
    .join('\n')
    .trimStart();
}
