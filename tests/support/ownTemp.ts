import { chmod, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What programs keep there for the next run of themselves. */
const CACHES = /^(tsx-\d+|node-compile-cache|containers-user-\d+|podman-run-\d+)$/;

/**
 * Gives a test run a temporary folder of its own, and says at its end what tests left in it: that fails the run. What is
 * worth keeping between runs goes to RIG_TEST_CACHE.
 */
export default async function ownTemp(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['RIG_TEST_CACHE'] !== undefined) return undefined;
  const shared = tmpdir();
  const own = await mkdtemp(join(shared, 'rig-tests-'));
  // Tests become other users, too.
  await chmod(own, 0o755);
  process.env['RIG_TEST_CACHE'] = shared;
  process.env['TMPDIR'] = own;
  return async () => {
    const left = (await readdir(own)).filter((name) => !CACHES.test(name));
    const mounts =
      (await readFile('/proc/self/mountinfo', 'utf8')).match(new RegExp(`${own}/\\S*`, 'g')) ?? [];
    if (left.length > 0 || mounts.length > 0) {
      const all = [...left, ...mounts.map((path) => `${path}, still mounted`)];
      process.stdout.write(`\nleft behind by tests:\n${all.map((name) => `  - ${name}\n`).join('')}`);
      process.exitCode = 1;
    }
    if (mounts.length === 0) await rm(own, { recursive: true, force: true });
  };
}
