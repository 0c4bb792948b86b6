import { readFile } from 'node:fs/promises';
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { EXIT, errnoOf, messageOf, RigError, writeFileAtomic } from '../kernel/index.ts';
import { lockSchema } from './lockSchema.ts';
import type { LockFileContent } from './lockSchema.ts';
import { LOCK_FORMAT } from './lockfile.ts';
import type { Lock } from './lockfile.ts';
import { formatLock } from './writeLock.ts';

const REMAKE = 'rig lock';

function conflictLine(text: string): number | undefined {
  const at = text.split('\n').findIndex((line) => /^(<{7}|>{7}|={7})( |\r?$)/.test(line));
  return at < 0 ? undefined : at + 1;
}

function parseToml(text: string, where: string): Record<string, unknown> {
  const marker = conflictLine(text);
  if (marker !== undefined)
    throw new RigError('RIG-LOCK-002', `${where}:${marker}: git left a merge conflict here`, {
      why: 'both branches changed the lock, and the markers <<<<<<< ======= >>>>>>> are still in it',
      hint: `take either side (git checkout --ours ${where}), then run: ${REMAKE}`,
      exitCode: EXIT.usage,
      details: { line: marker },
    });
  try {
    return parse(text);
  } catch (error) {
    const at = error instanceof TomlError ? `:${error.line}:${error.column}` : '';
    throw new RigError('RIG-LOCK-001', `${where}${at}: not a lock file: it is not TOML`, {
      why: messageOf(error).split('\n')[0] ?? '',
      hint: `restore it from git, or make it anew: ${REMAKE}`,
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}

/** `python[3] (numpy).sha256`, from the path of a validation issue. */
function placeOf(issue: v.BaseIssue<unknown>): string {
  let place = '';
  for (const step of issue.path ?? []) {
    const item = step as { type: string; key: unknown; value: unknown };
    if (item.type !== 'array') {
      place += `${place === '' ? '' : '.'}${String(item.key)}`;
      continue;
    }
    const name = (item.value as { name?: unknown } | null)?.name;
    place += `[${String(item.key)}]${typeof name === 'string' ? ` (${name})` : ''}`;
  }
  return place;
}

function wordsOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object')
    return issue.expected === 'never' ? 'this key is not known' : 'this key is missing';
  return issue.message;
}

function invalid(where: string, problems: readonly string[]): RigError {
  const more = problems.length > 3 ? ` and ${problems.length - 3} more` : '';
  return new RigError('RIG-LOCK-004', `${where} is damaged: ${problems[0]}`, {
    ...(problems.length > 1 ? { why: `also: ${problems.slice(1, 3).join('; ')}${more}` } : {}),
    hint: `restore it from git, or make it anew: ${REMAKE}`,
    exitCode: EXIT.usage,
    details: { problems: problems.slice(0, 20) },
  });
}

function checkFormat(content: Record<string, unknown>, where: string): void {
  const format = content['format'];
  if (format === LOCK_FORMAT) return;
  const newer = typeof format === 'number' && format > LOCK_FORMAT;
  throw new RigError(
    'RIG-LOCK-003',
    `${where} has format ${JSON.stringify(format) ?? 'none'}, this rig reads ${LOCK_FORMAT}`,
    {
      why: newer ? 'it was made by a newer rig' : 'it is not a torchrig lock, or a very old one',
      hint: newer ? 'update torchrig, or make it anew: rig lock' : `make it anew: ${REMAKE}`,
      exitCode: EXIT.usage,
      details: { format: format ?? null, known: LOCK_FORMAT },
    },
  );
}

/** The project's name in a wheel's file name, PEP 503 normalised (PEP 427 "File name convention"). */
const wheelProject = (file: string): string =>
  (file.split('-')[0] ?? '').toLowerCase().replaceAll(/[-_.]+/g, '-');

function contradictions(content: LockFileContent): string[] {
  const problems: string[] = [];
  for (const [kind, list] of [
    ['python', content.python],
    ['debian', content.debian],
  ] as const) {
    const seen = new Set<string>();
    for (const { name } of list) {
      if (seen.has(name)) problems.push(`${kind} has ${name} twice`);
      seen.add(name);
    }
  }
  for (const { name, file } of content.python)
    if (wheelProject(file) !== name)
      problems.push(`python (${name}).file: ${file} is a wheel of another package`);
  return problems;
}

function toLock(content: LockFileContent): Lock {
  const { plan } = content;
  return {
    format: LOCK_FORMAT,
    platform: content.platform,
    epoch: content.epoch,
    asked: { ...content.asked, torch: content.asked.torch ?? null },
    plan:
      plan === undefined
        ? null
        : {
            ...plan,
            torchvision: plan.torchvision ?? null,
            torchaudio: plan.torchaudio ?? null,
            triton: plan.triton ?? null,
            cuda: plan.cuda ?? null,
            cudnn: plan.cudnn ?? null,
            nccl: plan.nccl ?? null,
            driverFloor: plan.driverFloor ?? null,
            ptx: plan.ptx ?? null,
          },
    python: content.python,
    debian: content.debian,
    image: content.image ?? null,
  };
}

/**
 * Reads the text of a lock; `where` is the name that errors show.
 * Throws RIG-LOCK-001 (not TOML), -002 (merge conflict), -003 (format), -004 (content).
 */
export function parseLock(text: string, where = 'torchrig.lock'): Lock {
  const content = parseToml(text.replaceAll('\r\n', '\n'), where);
  checkFormat(content, where);
  const result = v.safeParse(lockSchema, content);
  if (!result.success)
    throw invalid(
      where,
      result.issues.map((issue) => `${placeOf(issue)}: ${wordsOf(issue)}`),
    );
  const problems = contradictions(result.output);
  if (problems.length > 0) throw invalid(where, problems);
  return toLock(result.output);
}

/** Reads a lock file, or returns undefined when there is none. Throws as `parseLock` does. */
export async function readLock(path: string): Promise<Lock | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new RigError('RIG-LOCK-005', `cannot read ${path}`, {
      why: messageOf(error),
      hint: 'check that it is a file that you may read',
      cause: error,
    });
  }
  return parseLock(text, path);
}

/** Writes a lock atomically; says whether the file changed. */
export async function writeLock(path: string, lock: Lock): Promise<boolean> {
  const text = formatLock(lock);
  const old = await readFile(path, 'utf8').catch(() => undefined);
  if (old === text) return false;
  await writeFileAtomic(path, text);
  return true;
}
