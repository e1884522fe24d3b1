import { join } from 'node:path'
import {
  type MessagePipe,
  type PipedMessage,
  pipesFor,
  readPipes,
} from '../../schema/dialects/octomind/message-pipes.ts'
import { PatternLimit } from '../../schema/pattern.ts'
import { StepFailure } from '../failure.ts'
import { PIPES_FILE } from '../pipe-folders.ts'
import { PASS_PIPES } from '../steps/pipes.ts'
import { runAllowed } from './command.ts'
import { readTextFile } from './files-read.ts'
import type { ToolContext } from './tool.ts'

/** A message and where its role works. */
export interface PipeRequest extends PipedMessage {
  /** From the root of the repository. */
  readonly folder: string
  /** Set for the program, beside what tells of the message. */
  readonly env: Readonly<Record<string, string>>
}

const TIMEOUT_MS = 300_000

/**
 * Gives what the rules of a folder make of a message. The policy has to allow the program, by its path from the root.
 * Fails with `pipes-invalid` when the rules cannot be read or several take the message, and as `runCommand` does.
 */
export async function passPipes(
  { folder, env, ...message }: PipeRequest,
  context: ToolContext,
): Promise<string> {
  const file = folder === '.' ? PIPES_FILE : `${folder}/${PIPES_FILE}`
  const pipes = readPipes(file, await readTextFile(context, file, { tool: PASS_PIPES, argument: 'folder' }))
  if (typeof pipes === 'string') throw invalid(file, pipes)
  const [pipe, other] = within(file, () => pipesFor(pipes, message))
  if (!pipe) return message.text
  if (other) throw invalid(file, `the pipes '${pipe.name}' and '${other.name}' both take this message`)
  const { stdout } = await runAllowed(
    PASS_PIPES,
    {
      ...programOf(pipe, folder, context),
      args: [],
      cwd: folder,
      stdin: message.text,
      env: {
        ...env,
        OCTOMIND_ROLE: message.role,
        OCTOMIND_WORKDIR: join(context.root, folder),
        PIPE_NAME: pipe.name,
        PIPE_RUN_COUNT: String(pipe.when === 'first' ? 1 : message.earlier + 1),
        SESSION_MESSAGE_COUNT: String(2 * message.earlier + 1),
      },
    },
    { ...context, policy: { ...context.policy, timeoutMs: TIMEOUT_MS } },
  )
  return stdout
}

/** A path counts from the folder; the policy names it from the root. Anything else is looked for in `PATH`. */
function programOf({ command }: MessagePipe, folder: string, { root }: ToolContext) {
  if (!command.includes('/') || folder === '.') return { program: command }
  const path = join(folder, command)
  return { program: path, file: join(root, path) }
}

function within<T>(file: string, match: () => T): T {
  try {
    return match()
  } catch (error) {
    if (!(error instanceof PatternLimit)) throw error
    throw invalid(file, error.message)
  }
}

function invalid(file: string, why: string): StepFailure {
  return new StepFailure('pipes-invalid', `${file}: ${why}`, {
    blame: 'workflow',
    help: 'Every message of a role goes through at most one of the pipes there: mend the file, or remove it.',
  })
}
