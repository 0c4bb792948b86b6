import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { CHECKOUT } from './testRoot.ts';
import type { TestUser } from './testRoot.ts';

export interface DriverOptions {
  home: string;
  /** Runs as root when missing. */
  user?: TestUser;
  /** Words before the driver: something that takes powers away. */
  before?: string[];
  path?: string;
}

/** Lets a driver process make calls, as somebody, and returns what each answered. */
export async function drive(options: DriverOptions, calls: unknown[][]): Promise<Record<string, unknown>[]> {
  const { home, user, before = [], path = '/usr/sbin:/usr/bin:/sbin:/bin' } = options;
  const become = user ? ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups'] : [];
  const words = [
    ...become,
    ...before,
    process.execPath,
    '--import',
    'tsx',
    join(CHECKOUT, 'tests/engine/driver.ts'),
    home,
    JSON.stringify(calls),
  ];
  const [command = '', ...args] = words;
  const { stdout } = await promisify(execFile)(command, args, {
    cwd: CHECKOUT,
    env: { PATH: path, HOME: home, TMPDIR: home, USER: user?.name ?? 'root', LANG: 'C.UTF-8' },
    maxBuffer: 64 * 2 ** 20,
    timeout: 280_000,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
