import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Tests wait for git and for servers more than they compute, so that two at once are no more than a small machine can do.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      // Long enough for hostile files on a busy machine: it is there to end what never ends, not to measure.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          testTimeout: 30_000,
          // They share nothing that changes, and loading the same modules for each file takes longer than most of them.
          isolate: false,
        },
      },
      {
        test: { name: 'integration', include: ['test/integration/**/*.test.{ts,tsx}'], testTimeout: 30_000 },
      },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 60_000 } },
    ],
  },
})
