import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { EXIT, formatBytes, RigError } from '../../kernel/index.ts';
import { checkLock, exportPylock, lockDigest, readLock, writeLock } from '../../lock/index.ts';
import type { LockChanges } from '../../lock/index.ts';
import { loadSpec } from '../../spec/index.ts';
import { resolveLock, withLockOptions } from '../flows/locking.ts';
import type { Call, Handler } from '../outcome.ts';
import { planLine } from '../render/solveText.ts';
import type { LockFlags } from '../routes/build.ts';

export const handler: Handler<LockFlags, string[]> = async (call, flags, ...names) => {
  const loaded = await loadSpec({ folder: call.cwd, env: call.env });
  const wish = { upgrade: upgradeOf(flags, names), force: flags.force === true };
  const path = loaded.userLockPath;
  const shown = relative(call.cwd, path) || path;
  if (flags.check) {
    const previous = await readLock(loaded.lockPath);
    if (previous === undefined)
      throw new RigError('RIG-CLI-013', `there is no ${shown}`, { hint: 'rig lock' });
    const check = await withLockOptions(call, loaded.spec, { wish, previous }, (options) =>
      checkLock({ ...options, previous }),
    );
    return {
      data: { upToDate: check.upToDate, stale: check.stale, changes: check.changes },
      text: check.upToDate
        ? 'the lock is up to date'
        : `the lock would change:\n${changesText(check.changes, call)}`,
      exitCode: check.upToDate ? EXIT.ok : EXIT.failed,
    };
  }
  const isFirst = !call.verbose && (await readLock(loaded.lockPath)) === undefined;
  const { lock, changes } = await resolveLock(call, loaded, wish);
  const written = await writeLock(path, lock);
  if (flags.exportPylock) await writeFile(flags.exportPylock, exportPylock(lock));
  const bytes = [...lock.python, ...lock.debian].reduce((sum, { size }) => sum + size, 0);
  const summary = [
    lock.plan ? planLine(lock.plan) : `Python ${lock.asked.python}, no torch`,
    `${lock.python.length} wheels, ${lock.debian.length} Debian packages, ${formatBytes(bytes)}`,
    // Against nothing, everything is a change.
    changes.same || isFirst ? '' : changesText(changes, call),
    written ? `wrote ${shown}` : `${shown} is up to date`,
  ];
  return {
    data: {
      path,
      written,
      digest: lockDigest(lock),
      changes,
      wheels: lock.python.length,
      debs: lock.debian.length,
      bytes,
    },
    text: summary.filter(Boolean).join('\n'),
  };
};

function upgradeOf(flags: LockFlags, names: readonly string[]): boolean | readonly string[] {
  if (flags.upgrade) return names.length > 0 ? names : true;
  if (names.length === 0) return false;
  throw new RigError('RIG-CLI-002', `what about ${names.join(', ')}?`, {
    hint: `rig lock --upgrade ${names.join(' ')}`,
    exitCode: EXIT.usage,
  });
}

const SHOWN = 30;

function changesText(
  { plan, python, debian }: LockChanges,
  { colors, verbose }: Pick<Call, 'colors' | 'verbose'>,
): string {
  const lines = [
    ...plan.map(({ key, from, to }) => `  ${key}: ${from ?? '-'} -> ${to ?? '-'}`),
    ...[...python, ...debian].map(({ name, kind, from, to }) => {
      if (kind === 'added') return colors.green(`  + ${name} ${to}`);
      if (kind === 'removed') return colors.red(`  - ${name} ${from}`);
      return colors.yellow(`  ~ ${name} ${from} -> ${to}`);
    }),
  ];
  const first = verbose ? lines : lines.slice(0, SHOWN);
  return [
    ...first,
    ...(lines.length > first.length
      ? [colors.dim(`  ... and ${lines.length - first.length} more (--verbose)`)]
      : []),
  ].join('\n');
}
