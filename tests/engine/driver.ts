// Does what it is told with an engine of its own, in a process of its own: `driver.ts HOME [[method, ...arguments], ...]`.
// Prints one line of JSON for each call.
import { createSandboxEngine, exitCode } from '../../src/engine/index.ts';
import type { EnvironmentStart } from '../../src/engine/index.ts';
import { homeLayout, isRigError } from '../../src/kernel/index.ts';
import { capture } from './capture.ts';

const [home = '', calls = '[]'] = process.argv.slice(2);
const engine = createSandboxEngine({ layout: homeLayout(home) });

async function call([method, ...rest]: [string, ...unknown[]]): Promise<unknown> {
  const [first, second] = rest as [string, never];
  switch (method) {
    case 'probe':
      return engine.probe();
    case 'start':
      return engine.start(rest[0] as EnvironmentStart);
    case 'capture': {
      const { code, out, err } = await capture(engine, first, second);
      return { code, out, err };
    }
    case 'exec':
      return engine.exec(first, second);
    case 'detached':
      return exitCode(await engine.spawn(first, { command: second, stdio: 'ignore' }));
    case 'status':
      return engine.status(first);
    case 'stop':
      return (await engine.stop(first)) ?? 'stopped';
    case 'purge':
      return (await engine.remove(first, { purge: true })) ?? 'purged';
    default:
      throw new Error(method);
  }
}

for (const each of JSON.parse(calls) as [string, ...unknown[]][]) {
  const answer = await call(each).catch((error: unknown) => {
    if (!isRigError(error)) throw error;
    return { error: error.code, message: error.message, why: error.why, hint: error.hint };
  });
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
