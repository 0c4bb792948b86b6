import { hostname, userInfo } from 'node:os';
import { createGzip } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { RigError, errnoOf, messageOf, writeFileAtomic } from '../kernel/index.ts';
import { redactor } from './redact.ts';

/** How a file of the bundle is called, and its text before redaction. */
export type BundleFile = [name: string, text: string];

function names(env: NodeJS.ProcessEnv): Parameters<typeof redactor>[0] {
  try {
    return { user: userInfo().username, host: hostname(), home: env['HOME'] };
  } catch {
    // no entry for this uid in the password file
    return { user: env['USER'], host: hostname(), home: env['HOME'] };
  }
}

/**
 * Writes a .tar.gz to attach to a bug report. Every text goes through redaction: user, host and home, credentials,
 * tokens, addresses, GPU ids. Readable by the owner only. Throws RIG-DOCTOR-004 when the file cannot be written.
 */
export async function writeBundle(
  path: string,
  files: readonly BundleFile[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const redact = redactor(names(env));
  const archive = pack();
  for (const [name, text] of files) archive.entry({ name: `rig-doctor/${name}`, mode: 0o644 }, redact(text));
  archive.finalize();
  const bytes = await buffer(archive.pipe(createGzip()));
  try {
    await writeFileAtomic(path, bytes, { mode: 0o600 });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw new RigError('RIG-DOCTOR-004', `cannot write ${path}`, {
      why: messageOf(error),
      hint: 'rig doctor --bundle /tmp/rig-doctor.tar.gz',
      cause: error,
    });
  }
}
