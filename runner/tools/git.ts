import { type BuiltInTool, defineTool } from './define-tool.ts'
import { resolveCommit, runGit } from './git-command.ts'
import { gitLogTool } from './git-log.ts'
import { gitStatusTool } from './git-status.ts'
import { resolveInRoot } from './root.ts'
import type { ToolContext } from './tool.ts'

const PATHS_SCHEMA = {
  type: 'array',
  items: { type: 'string', minLength: 1 },
  minItems: 1,
  description: 'Only these files or folders.',
}

/** Nothing that a repository configures may run when a diff is printed. */
const PLAIN_DIFF = [
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--find-renames',
  '--ignore-submodules=all',
]

const gitDiffTool = defineTool<{
  from?: string
  to?: string
  merge_base?: boolean
  paths?: string[]
  stat?: boolean
  context_lines?: number
}>({
  name: 'git_diff',
  description:
    'Shows what changed between two revisions, or, without them, what is not committed yet. Unified diff, or a summary per file.',
  reach: 'read',
  aliases: ['get_pr_changes'],
  argumentNames: { base: 'from', head: 'to' },
  properties: {
    from: { type: 'string', description: 'Old revision. Default: HEAD, compared with the working tree.' },
    to: { type: 'string', description: 'New revision. Default: HEAD when "from" is given.' },
    merge_base: {
      type: 'boolean',
      description: 'Compare with the point where `to` left `from`, as a pull request does. Default: false.',
    },
    paths: PATHS_SCHEMA,
    stat: { type: 'boolean', description: 'Only the list of files with counted lines. Default: false.' },
    context_lines: {
      type: 'integer',
      minimum: 0,
      maximum: 100,
      description: 'Unchanged lines around. Default: 3.',
    },
  },
  async run(args, context) {
    const tool = 'git_diff'
    const revisions: string[] = []
    if (args.from !== undefined || args.to !== undefined) {
      const from = await resolveCommit(context, args.from ?? 'HEAD', { tool, argument: 'from' })
      const to = await resolveCommit(context, args.to ?? 'HEAD', { tool, argument: 'to' })
      if (args.merge_base === true) revisions.push('--merge-base')
      revisions.push(from, to)
    } else {
      revisions.push(await resolveCommit(context, 'HEAD', { tool, argument: 'from' }))
    }
    return await printed(
      context,
      tool,
      [
        'diff',
        ...PLAIN_DIFF,
        ...(args.stat === true ? ['--stat=200'] : [`--unified=${args.context_lines ?? 3}`]),
        ...revisions,
        '--',
        ...(await rootedPaths(context, tool, args.paths)),
      ],
      'No changes.',
    )
  },
})

const gitShowTool = defineTool<{ revision?: string; path?: string; stat?: boolean }>({
  name: 'git_show',
  description: 'Shows a commit with its diff, or, with "path", a file as it was in that commit.',
  reach: 'read',
  argumentNames: { ref: 'revision', sha: 'revision', file_path: 'path' },
  properties: {
    revision: { type: 'string', description: 'Default: HEAD.' },
    path: { type: 'string', minLength: 1, description: 'A file, to see its content in that commit.' },
    stat: {
      type: 'boolean',
      description: 'The commit with counted lines instead of the diff. Default: false.',
    },
  },
  async run(args, context) {
    const tool = 'git_show'
    const commit = await resolveCommit(context, args.revision ?? 'HEAD', { tool, argument: 'revision' })
    if (args.path !== undefined) {
      const { relative } = await resolveInRoot(context, args.path, { tool, argument: 'path' })
      return await printed(context, tool, ['cat-file', 'blob', `${commit}:${relative}`], '')
    }
    return await printed(
      context,
      tool,
      [
        'show',
        ...PLAIN_DIFF,
        '--format=commit %H%nAuthor: %aN%nDate: %aI%n%n%B',
        '--diff-merges=first-parent',
        ...(args.stat === true ? ['--stat=200'] : ['--patch']),
        commit,
        '--',
      ],
      '',
    )
  },
})

/** Tools that read history; none of them changes the repository. */
export const gitTools: readonly BuiltInTool[] = [gitLogTool, gitDiffTool, gitShowTool, gitStatusTool]

async function rootedPaths(
  context: ToolContext,
  tool: string,
  paths: readonly string[] = [],
): Promise<string[]> {
  return await Promise.all(
    paths.map(async (path) => (await resolveInRoot(context, path, { tool, argument: 'paths' })).relative),
  )
}

async function printed(
  context: ToolContext,
  tool: string,
  args: readonly string[],
  whenEmpty: string,
): Promise<string> {
  const { text, isCut } = await runGit(context, { tool, args })
  if (text === '') return whenEmpty
  return isCut
    ? `${text}\n[cut here: the output is longer than ${context.policy.maxOutputBytes} bytes]`
    : text
}
