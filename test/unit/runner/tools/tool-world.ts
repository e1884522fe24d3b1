import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { StepFailure } from '../../../../runner/failure.ts'
import { createBuiltInTools } from '../../../../runner/tools/built-in.ts'
import { createToolRegistry, runTool } from '../../../../runner/tools/registry.ts'
import type { Tool, ToolContext, ToolIntegration, ToolPolicy } from '../../../../runner/tools/tool.ts'

/** A repository folder of its own for one test, with every built-in tool at hand. */
export interface ToolWorld {
  readonly root: string
  readonly context: ToolContext
  /** Calls a tool as the engine does, arguments checked. */
  call(tool: string, args?: Record<string, unknown>): Promise<unknown>
  /** Calls a tool that must fail, and gives the failure. */
  fail(tool: string, args?: Record<string, unknown>): Promise<StepFailure>
  /** Runs git in the folder, with fixed author and dates. */
  git(args: string[], date?: string): string
  write(files: Readonly<Record<string, string>>): void
}

/** Makes a folder with `files`, removed when the test ends. */
export function createToolWorld(
  files: Readonly<Record<string, string>> = {},
  policy: Partial<ToolPolicy> = {},
  options: {
    integration?: ToolIntegration
    signal?: AbortSignal
    /** Default: those that are always there. */
    tools?: readonly Tool[]
    /** Hears of waits; none of them takes any time. */
    onSleep?: (ms: number) => void
  } = {},
): ToolWorld {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tools-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const write = (more: Readonly<Record<string, string>>) => {
    for (const [path, content] of Object.entries(more)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
    }
  }
  write(files)
  const context: ToolContext = {
    root,
    env: { PATH: process.env.PATH ?? '', SECRET_TOKEN: 'not for children' },
    signal: options.signal ?? new AbortController().signal,
    ...(options.integration ? { integration: options.integration } : {}),
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      options.onSleep?.(ms)
    },
    policy: {
      allowedHosts: [],
      allowedCommands: [],
      writeFiles: true,
      timeoutMs: 20_000,
      maxOutputBytes: 1024 * 1024,
      ...policy,
    },
  }
  const registry = createToolRegistry(options.tools ?? createBuiltInTools())
  const call = async (tool: string, args: Record<string, unknown> = {}) =>
    (await runTool(registry, { tool, args }, context)).result
  return {
    root,
    context,
    call,
    async fail(tool, args) {
      const outcome = await call(tool, args).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      )
      if ('error' in outcome && outcome.error instanceof StepFailure) return outcome.error
      throw new Error(
        `${tool} should have failed, but: ${JSON.stringify(outcome)} ${String('error' in outcome && outcome.error)}`,
      )
    },
    git: (args, date = '2026-03-01T10:00:00Z') =>
      execFileSync('git', args, {
        cwd: root,
        encoding: 'utf8',
        env: {
          PATH: process.env.PATH ?? '',
          GIT_CONFIG_NOSYSTEM: '1',
          GIT_CONFIG_GLOBAL: '/dev/null',
          GIT_AUTHOR_NAME: 'Ann Author',
          GIT_AUTHOR_EMAIL: 'ann@example.com',
          GIT_COMMITTER_NAME: 'Cid Committer',
          GIT_COMMITTER_EMAIL: 'cid@example.com',
          GIT_AUTHOR_DATE: date,
          GIT_COMMITTER_DATE: date,
        },
      }),
    write,
  }
}
