import { splitCommandLine } from '../../schema/command-line.ts'
import { runCommand } from './command.ts'
import { type BuiltInTool, badArgument, defineTool } from './define-tool.ts'

const BRANCH = { type: 'string', pattern: '^[^-\\s][^\\s]*$', description: 'Name of the branch.' }

/** Tools that change branches of the clone: git itself, where the policy allows it as a program. */
export const gitChangeTools: readonly BuiltInTool[] = [
  defineTool<{ git_command: string }>({
    name: 'generic_git_tool',
    description:
      'Runs a git command in the repository, such as "fetch origin". Needs git among the allowed programs. Returns {exit_code, stdout, stderr}.',
    reach: 'outside',
    argumentNames: { command: 'git_command' },
    properties: {
      git_command: {
        type: 'string',
        minLength: 1,
        description: 'The command and its arguments, without "git".',
      },
    },
    required: ['git_command'],
    run({ git_command: line }, context) {
      const tool = 'generic_git_tool'
      const split = splitCommandLine(line)
      if (!split.ok) throw badArgument(tool, 'git_command', `is not a plain command: ${split.problem}`)
      const [first, ...rest] = split.words
      const args = first === 'git' ? rest : split.words
      return runCommand(tool, { command: 'git', args: [...args] }, context)
    },
  }),
  defineTool<{ branch: string; from?: string }>({
    name: 'create_branch',
    description: 'Makes a branch in the clone and checks it out. Needs git among the allowed programs.',
    reach: 'outside',
    argumentNames: { branch_name: 'branch', base: 'from', source_branch: 'from' },
    properties: {
      branch: BRANCH,
      from: { ...BRANCH, description: 'Where it starts. Default: what is checked out.' },
    },
    required: ['branch'],
    run: ({ branch, from }, context) =>
      runCommand(
        'create_branch',
        { command: 'git', args: ['switch', '--create', branch, ...(from === undefined ? [] : [from])] },
        context,
      ),
  }),
  defineTool<{ branch: string }>({
    name: 'set_active_branch',
    description: 'Checks out a branch of the clone. Needs git among the allowed programs.',
    reach: 'outside',
    argumentNames: { branch_name: 'branch' },
    properties: { branch: BRANCH },
    required: ['branch'],
    run: ({ branch }, context) =>
      runCommand('set_active_branch', { command: 'git', args: ['switch', branch] }, context),
  }),
]
