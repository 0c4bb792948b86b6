import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Lists every skipped test by name at the end; with RIG_TEST_STRICT=1 a skip fails the run. */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const all = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => all.filter((test) => test.result().state === state);
    const skipped = inState('skipped');
    const strict = process.env['RIG_TEST_STRICT'] === '1';
    const out = process.stdout;
    // A test for ordinary users is run by the other of CI's two runs.
    const errors = skipped.filter((test) => !test.fullName.includes('skipped as root'));
    if (skipped.length > 0) {
      out.write(`\nskipped (${skipped.length}), each with its reason:\n`);
      for (const test of skipped)
        out.write(`  - ${test.module.moduleId.split('/').slice(-2).join('/')}: ${test.fullName}\n`);
      if (strict && errors.length > 0) {
        out.write('RIG_TEST_STRICT=1: a skipped test is an error\n');
        process.exitCode = 1;
      }
    }
    const failedModules = modules.filter((module) => module.errors().length > 0).length;
    const failed = inState('failed').length + failedModules + (strict ? errors.length : 0);
    out.write(`\n${inState('passed').length} passed, ${failed} failed, ${skipped.length} skipped\n`);
  }
}
