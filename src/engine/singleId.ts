import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlacedFile } from './engine.ts';
import { findPython } from './hostPrograms.ts';
import { pretendFilter } from './pretendFilter.ts';
import { loadFilterWords } from './syscallFilter.ts';

export interface SingleIdHelp {
  /** Words between unshare and the boot script. */
  words: string[];
  python: string | null;
  files: PlacedFile[];
  notices: string[];
}

/** What makes apt, dpkg and sshd work where only one id exists inside (sandbox.md, sections 3 and 4). */
export async function singleIdHelp(
  layers: { lower: string; upper: string },
  env: NodeJS.ProcessEnv = process.env,
): Promise<SingleIdHelp> {
  const filter = pretendFilter();
  const python = findPython(env) ?? null;
  const files = [...(await sshdAsRoot(layers)), ...(await aptAsRoot(layers.lower))];
  if (!filter || !python) {
    const lacking = python ? `it is not known for ${process.arch}` : 'python3 was not found to load it';
    return {
      words: [],
      python: null,
      files,
      notices: [
        `ids: only one id exists inside and the filter that hides this is missing (${lacking}): apt-get, su and sshd will fail inside`,
      ],
    };
  }
  return {
    words: loadFilterWords(python, filter),
    python,
    files,
    notices: [
      'ids: only one id exists inside; changing owners is pretended, every file is yours (a range in /etc/subuid and the package uidmap give real ones)',
    ],
  };
}

async function aptAsRoot(lower: string): Promise<PlacedFile[]> {
  const folder = '/etc/apt/apt.conf.d';
  if (!(await stat(join(lower, folder)).catch(() => undefined))) return [];
  return [{ path: `${folder}/99rig-single-id`, content: 'APT::Sandbox::User "root";\n' }];
}

/** sshd drops to its own user before a login; only a user that is already root can be become. */
async function sshdAsRoot({ lower, upper }: { lower: string; upper: string }): Promise<PlacedFile[]> {
  const passwd = await firstText([join(upper, 'etc/passwd'), join(lower, 'etc/passwd')]);
  const changed = passwd?.replace(/^sshd:([^:]*):\d+:\d+:/m, 'sshd:$1:0:0:');
  return changed === undefined || changed === passwd ? [] : [{ path: '/etc/passwd', content: changed }];
}

async function firstText(paths: string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      return await readFile(path, 'utf8');
    } catch {
      // the layer below
    }
  }
  return undefined;
}
