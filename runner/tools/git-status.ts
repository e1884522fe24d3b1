import { dirname } from 'node:path'
import type { FileStatusResult } from 'simple-git'
import { CHILD_ENV_NAMES, pickChildEnv } from '../process/child-env.ts'
import { type BuiltInTool, defineTool, toolFailed } from './define-tool.ts'
import { isolatedGitEnv } from './git-command.ts'
import type { ToolContext } from './tool.ts'

/** The built-in tool `git_status`. */
export const gitStatusTool: BuiltInTool = defineTool<Record<string, never>>({
  name: 'git_status',
  description:
    'Tells the current branch and commit and lists files that are changed or new: {branch, commit, files}.',
  reach: 'read',
  properties: {},
  async run(_args, context) {
    const git = await openGit(context)
    try {
      const status = await git.status(['--untracked-files=all', '--ignore-submodules=all'])
      // Fails before the first commit, and then there is none.
      const commit = await git.revparse(['--verify', '--quiet', 'HEAD']).catch(() => null)
      return {
        branch: status.detached ? null : status.current,
        commit,
        files: status.files.map((file) => ({ path: file.path, change: describeChange(file) })),
      }
    } catch (error) {
      context.signal.throwIfAborted()
      throw toolFailed('git_status', (error as Error).message.trim().split('\n').slice(0, 3).join(' '))
    }
  },
})

/** simple-git, loaded when it is needed, with nothing of the machine's own configuration. */
async function openGit({ root, env, signal, policy }: ToolContext) {
  const { simpleGit } = await import('simple-git')
  const childEnv = pickChildEnv(env, CHILD_ENV_NAMES, isolatedGitEnv(dirname(root)))
  return simpleGit({
    baseDir: root,
    abort: signal,
    timeout: { block: policy.timeoutMs },
    config: ['core.fsmonitor=false', 'core.quotePath=false', `safe.directory=${root}`],
    // It guards against settings that start programs; these turn such settings off.
    unsafe: { allowUnsafeFsMonitor: true, allowUnsafeConfigPaths: true },
    allowEnvironment: Object.keys(childEnv),
  }).env(childEnv)
}

function describeChange({ index, working_dir }: FileStatusResult): string {
  const both = `${index}${working_dir}`
  if (both === '??') return 'untracked'
  if (both.includes('U') || both === 'AA' || both === 'DD') return 'conflict'
  if (both.includes('R')) return 'renamed'
  if (both.includes('A')) return 'added'
  return both.includes('D') ? 'deleted' : 'modified'
}
