import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './tests/support/skipReporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: ['./tests/support/ownTemp.ts'],
          include: ['src/**/*.test.ts'],
          environment: 'node',
          pool: 'forks',
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          globalSetup: ['./tests/support/ownTemp.ts', './tests/support/v27Home.ts'],
          include: ['tests/**/*.test.ts'],
          environment: 'node',
          pool: 'forks',
          // Half of their time they wait, for a network or a process.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
