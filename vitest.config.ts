import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/**
 * Tests with modules of their own: Octokit reads the address of the forge when it is loaded, and some count what a module has
 * loaded or keeps.
 */
const APART = [
  'action*',
  'at-revision',
  'attachments',
  'attacks/*',
  'cli*',
  'effects',
  'forge-*',
  'github-workflow',
  'handing-on',
  'import',
  'integrations',
  'mcp-*',
  'models-*',
  'shards',
  'store-hosts',
  'store-model',
  'strangers',
  'use-cases',
  'verify',
].map((name) => `test/integration/${name}.test.ts`)

export default defineConfig({
  test: {
    // Tests wait for git and for servers more than they compute, so that two at once are no more than a small machine can do.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      // Where tests share nothing that changes, loading the same modules for each file takes longer than many of them.
      // Long enough for hostile files on a busy machine: it is there to end what never ends, not to measure.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          testTimeout: 30_000,
          isolate: false,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.{ts,tsx}'],
          exclude: APART,
          testTimeout: 30_000,
          isolate: false,
        },
      },
      { test: { name: 'integration apart', include: APART, testTimeout: 30_000 } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 60_000 } },
    ],
  },
})
