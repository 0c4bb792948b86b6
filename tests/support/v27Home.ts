import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A home for tests of the preset v2.7: what one of them fetched (about 3.4 GB), the next one has. */
    v27Home: string;
  }
}

/** RIG_TEST_HOME, which is kept, or a home for this run. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['RIG_TEST_HOME'];
  if (given !== undefined) {
    project.provide('v27Home', given);
    return undefined;
  }
  const made = await mkdtemp(join(tmpdir(), 'rig-v27-'));
  project.provide('v27Home', made);
  return () => rm(made, { recursive: true, force: true });
}
