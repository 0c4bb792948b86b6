import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../kernel/index.ts';
import type { Digest, HomeLayout } from '../../kernel/index.ts';
import type { Subject, UpVerification } from './verification.ts';

interface Own {
  digest: Digest;
  result: UpVerification;
}

type OwnSubject = Pick<Subject, 'name' | 'digest'>;

const ownPath = (home: HomeLayout, name: string): string => join(home.envs, name, 'verification.json');

/** The good result that was found of this environment while it ran with this image, if there is one. */
export async function readOwn(
  home: HomeLayout,
  { name, digest }: OwnSubject,
): Promise<UpVerification | undefined> {
  try {
    const own = JSON.parse(await readFile(ownPath(home, name), 'utf8')) as Own;
    return own.digest === digest && own.result.ok ? { ...own.result, cached: true } : undefined;
  } catch {
    return undefined;
  }
}

export async function writeOwn(
  home: HomeLayout,
  { name, digest }: OwnSubject,
  result: UpVerification,
): Promise<void> {
  await writeFileAtomic(ownPath(home, name), JSON.stringify({ digest, result } satisfies Own), {
    mode: 0o600,
  });
}
