import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      // Long enough for hostile files on a busy machine: it is there to end what never ends, not to measure.
      { test: { name: 'unit', include: ['test/unit/**/*.test.{ts,tsx}'], testTimeout: 30_000 } },
      {
        test: { name: 'integration', include: ['test/integration/**/*.test.{ts,tsx}'], testTimeout: 30_000 },
      },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 60_000 } },
    ],
  },
})
