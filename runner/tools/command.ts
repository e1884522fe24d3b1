import { stat } from 'node:fs/promises'
import { splitCommandLine } from '../../schema/command-line.ts'
import { StepFailure } from '../failure.ts'
import { pickChildEnv } from '../process/child-env.ts'
import { type CapturedOutput, runProcess } from '../process/run-process.ts'
import {
  type BuiltInTool,
  badArgument,
  defineTool,
  POLICY_KEYS,
  refusedByPolicy,
  toolFailed,
} from './define-tool.ts'
import { resolveInRoot } from './root.ts'
import type { ToolContext } from './tool.ts'

/** What `run_command` takes. */
export interface CommandArgs {
  command: string
  args?: string[]
  cwd?: string
  stdin?: string
  allow_failure?: boolean
}

const runCommandTool = defineTool<CommandArgs>({
  name: 'run_command',
  description:
    'Starts an allowed program in the repository, without a shell. Returns {exit_code, stdout, stderr}. Give the program and its arguments apart, or one plain line without shell features.',
  reach: 'outside',
  aliases: ['run_command_line_tool', 'execute_command', 'run_command_line'],
  argumentNames: { program: 'command', working_directory: 'cwd', arguments: 'args', input: 'stdin' },
  properties: {
    command: {
      type: 'string',
      minLength: 1,
      description: 'Program, e.g. "npm"; without "args" also a line, e.g. "npm test".',
    },
    args: { type: 'array', items: { type: 'string' }, description: 'Arguments, one each.' },
    cwd: { type: 'string', minLength: 1, description: 'Folder to start in. Default: the repository root.' },
    stdin: { type: 'string', description: 'Text for standard input. Default: none.' },
    allow_failure: {
      type: 'boolean',
      description: 'Give back an exit code other than 0 as a result instead of failing. Default: false.',
    },
  },
  required: ['command'],
  run: (args, context) => runCommand('run_command', args, context),
})

/**
 * Starts an allowed program in the repository; see `run_command`.
 *
 * @param tool on whose behalf, for messages.
 */
export async function runCommand(
  tool: string,
  args: CommandArgs,
  context: ToolContext,
): Promise<{ readonly exit_code: number; readonly stdout: string; readonly stderr: string }> {
  const [program, ...rest] = wordsOf(tool, args)
  if (program === undefined) throw badArgument(tool, 'command', 'is empty')
  return await runAllowed(tool, { ...args, program, args: rest }, context)
}

/** A program as it is started. */
export interface StartedProgram extends Pick<CommandArgs, 'cwd' | 'stdin' | 'allow_failure'> {
  /** As the policy names it. */
  readonly program: string
  readonly args: readonly string[]
  /** What is started in its place: the same program, by its absolute path. Default: `program`. */
  readonly file?: string
  /** Set beside what every program gets. Default: nothing. */
  readonly env?: Readonly<Record<string, string>>
  /** What to do when it ends with another status than 0. Default: how a caller of the tool gets the status. */
  readonly help?: string
}

/** Starts a program in the repository if the policy allows it. Fails with a `StepFailure`; see {@link runCommand}. */
export async function runAllowed(
  tool: string,
  started: StartedProgram,
  context: ToolContext,
): Promise<{ readonly exit_code: number; readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await startAllowed(tool, started, context)
  return { exit_code: code, stdout: withNote(stdout), stderr: withNote(stderr) }
}

/** The same, with what it printed as far as that was kept. */
export async function startAllowed(
  tool: string,
  { program, args: rest, file = program, help, ...args }: StartedProgram,
  context: ToolContext,
): Promise<{ readonly code: number; readonly stdout: CapturedOutput; readonly stderr: CapturedOutput }> {
  const { allowedCommands } = context.policy
  if (!allowedCommands.includes(program)) {
    throw refusedByPolicy(
      tool,
      `the program "${program}" is not allowed (allowed: ${allowedCommands.join(', ') || 'none'})`,
      `Add "${program}" to ${POLICY_KEYS.commands}.`,
    )
  }
  const cwd = await resolveInRoot(context, args.cwd ?? '.', { tool, argument: 'cwd' })
  const stats = await stat(cwd.absolute).catch(() => undefined)
  if (!stats?.isDirectory()) throw badArgument(tool, 'cwd', `"${cwd.relative}" is not a folder`)
  const outcome = await runProcess({
    program: file,
    args: rest,
    cwd: cwd.absolute,
    env: pickChildEnv(context.env, undefined, { CI: 'true', ...args.env }),
    ...(args.stdin === undefined ? {} : { stdin: args.stdin }),
    timeoutMs: context.policy.timeoutMs,
    maxOutputBytes: context.policy.maxOutputBytes,
    signal: context.signal,
  })
  switch (outcome.kind) {
    case 'not-started':
      throw toolFailed(
        tool,
        outcome.code === 'ENOENT'
          ? `there is no program "${program}"`
          : `"${program}" could not be started: ${outcome.code}`,
        'Install it in the job, or correct the name.',
      )
    case 'timed-out':
      throw new StepFailure(
        'tool-timeout',
        `${tool}: "${program}" took longer than ${context.policy.timeoutMs} ms and was stopped with all it had started`,
        {
          blame: 'tool',
          retryable: true,
          help: 'Do less in one call, or give the state a longer timeout.',
        },
      )
    case 'exited': {
      const code = outcome.code ?? 128
      if (code !== 0 && args.allow_failure !== true) {
        const words = (outcome.stderr.text.trim() || outcome.stdout.text.trim()).slice(-2000)
        throw toolFailed(
          tool,
          `"${program}" ended with ${outcome.code === null ? `signal ${outcome.signal}` : `exit code ${code}`}${words === '' ? '' : `: ${words}`}`,
          help ?? 'Set "allow_failure": true to get the exit code and the output as a result.',
        )
      }
      return { code, stdout: outcome.stdout, stderr: outcome.stderr }
    }
  }
}

/** Tools that start programs. */
export const commandTools: readonly BuiltInTool[] = [runCommandTool]

function wordsOf(tool: string, args: CommandArgs): readonly string[] {
  if (args.args !== undefined) return [args.command, ...args.args]
  const split = splitCommandLine(args.command)
  if (split.ok) return split.words
  throw badArgument(
    tool,
    'command',
    `is not a plain command: ${split.problem}`,
    'Commands are started without a shell. Put several steps into a script of the repository and allow its interpreter.',
  )
}

function withNote(output: CapturedOutput): string {
  return output.droppedBytes === 0
    ? output.text
    : `${output.text}\n[cut here: ${output.droppedBytes} more bytes]`
}
