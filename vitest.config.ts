import { defineConfig } from 'vitest/config';

const ownTemp = './tests/support/ownTemp.ts';
const slow = { environment: 'node', pool: 'forks', testTimeout: 300_000, hookTimeout: 300_000 } as const;

export default defineConfig({
  test: {
    reporters: ['default', './tests/support/skipReporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: [ownTemp],
          include: ['src/**/*.test.ts'],
          environment: 'node',
          pool: 'forks',
          // Vitest leaves a core idle unless told.
          maxWorkers: '100%',
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...slow,
          name: 'integration',
          globalSetup: [ownTemp],
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/v27/**'],
          // Half of their time they wait, for a network or a process.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...slow,
          name: 'v27',
          globalSetup: [ownTemp, './tests/support/v27Home.ts'],
          include: ['tests/v27/*.test.ts'],
          // One after another: they share a home.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
