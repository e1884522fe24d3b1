import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AttachedFile } from '../runner/attachments/attached-file.ts'
import { type InputPlan, planInput } from '../runner/plan-input.ts'
import type { Project } from '../runner/project.ts'
import type { Workflow } from '../schema/workflow.ts'
import type { Cli } from './context.ts'
import type { Invocation } from './invocation.ts'
import { readPairs } from './read-pairs.ts'
import { usageError } from './usage-error.ts'

/**
 * Reads what the options -i, --input, --input-file and `-` give, and fits it to what the workflow declares.
 *
 * @param before the whole input where none is given; single values are then changes of it. Default: none.
 */
export async function readInput(
  invocation: Invocation,
  workflow: Workflow,
  cli: Cli,
  before?: string,
): Promise<InputPlan> {
  const given = await readText(invocation, cli)
  // Free text that nothing was said about stays as it is.
  const text = given ?? (before === '' ? undefined : before)
  return planInput(workflow, {
    pairs: readPairs(invocation, 'input-value', '-i'),
    ...(text === undefined ? {} : { text }),
  })
}

/** Reads the files of --file. */
export async function readGivenFiles(
  invocation: Invocation,
  { config }: Project,
  { world }: Cli,
): Promise<readonly AttachedFile[]> {
  const paths = invocation.texts('file')
  if (paths.length === 0) return []
  const [{ readFiles }, { projectRedactor }] = await Promise.all([
    import('../runner/attachments/read-files.ts'),
    import('../runner/records.ts'),
  ])
  return readFiles(paths, { from: '--file', cwd: world.cwd, redact: projectRedactor(config, world) })
}

async function readText(invocation: Invocation, cli: Cli): Promise<string | undefined> {
  const argument = invocation.argument('input')
  if (argument !== undefined && argument !== '-') {
    throw usageError(
      `'${argument}' after the workflow is not understood: only '-' (standard input) stands there.`,
      'Give single inputs with -i KEY=VALUE, or all of the input with --input TEXT.',
    )
  }
  const text = invocation.text('input')
  const file = invocation.text('input-file')
  const sources = [argument, text, file].filter((source) => source !== undefined)
  if (sources.length > 1) {
    throw usageError('The input is given more than once.', 'Use one of --input, --input-file and -.')
  }
  if (argument === '-' || file === '-') return readStdin(cli)
  if (file === undefined) return text
  try {
    return await readFile(resolve(cli.world.cwd, file), 'utf8')
  } catch (error) {
    throw usageError(
      `--input-file '${file}' cannot be read: ${(error as Error).message}.`,
      "The path counts from the working directory; '-' is standard input.",
    )
  }
}

/** One line break at the end belongs to the command that wrote it, not to what it says. */
async function readStdin(cli: Cli): Promise<string> {
  return (await cli.readStdin()).replace(/\r?\n$/, '')
}
