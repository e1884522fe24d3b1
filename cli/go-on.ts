import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { PersonsAnswer } from '../runner/pause.ts'
import type { Cli } from './context.ts'
import { executeRun, readExecution } from './execute.ts'
import type { Invocation } from './invocation.ts'
import { openProjectFor } from './project.ts'
import { openRecordsFor } from './records.ts'
import { usageError } from './usage-error.ts'

/** Goes on with the run that the command line names, with a person's answer where it waits for one. */
export async function goOn(
  invocation: Invocation,
  cli: Cli,
  answer: PersonsAnswer | undefined,
): Promise<number> {
  const execution = readExecution(invocation)
  const onChange = readOnChange(invocation)
  const digest = answer?.decision === undefined ? undefined : readDigest(invocation)
  const project = await openProjectFor(invocation, cli)
  const records = await openRecordsFor(project, cli, { push: execution.push })
  const { manifest, events } = await records.read(invocation.required('run'))
  const { resumeRun } = await import('../runner/run.ts')
  const states = events.flatMap((event) => (event.type === 'step-started' ? [event.state] : []))
  return executeRun(
    invocation,
    cli,
    { project, execution, name: manifest.workflow.name, stateIds: [...new Set(states)] },
    (options) =>
      resumeRun({
        ...options,
        runId: manifest.id,
        takeOver: invocation.flag('take-over'),
        onChange,
        restHere: invocation.command.name === 'resume' && invocation.flag('rest-here'),
        ...(answer === undefined ? {} : { answer }),
        ...(digest === undefined ? {} : { digest }),
      }),
  )
}

/** What to do when the definition is another one now. */
function readOnChange(invocation: Invocation): 'refuse' | 'accept' | 'as-recorded' {
  const [accept, asRecorded] = [invocation.flag('accept-changes'), invocation.flag('as-recorded')]
  if (accept && asRecorded) {
    throw usageError(
      '--accept-changes and --as-recorded do not go together.',
      'The first goes on with the definition of now, the second with the one in the record.',
    )
  }
  return accept ? 'accept' : asRecorded ? 'as-recorded' : 'refuse'
}

const SHORTEST_DIGEST = 8

/** What the yes or no is for. */
function readDigest(invocation: Invocation): string | undefined {
  const digest = invocation.text('digest')?.toLowerCase()
  if (digest === undefined || (/^[0-9a-f]{1,64}$/.test(digest) && digest.length >= SHORTEST_DIGEST))
    return digest
  throw usageError(
    `--digest takes the first ${SHORTEST_DIGEST} or more digits of a digest, and not '${digest}'.`,
    '`codemie-ci show <run>` shows it beside what the run asks for.',
  )
}

/** What the options `--message`, `--edit` and `--edit-file` say; `undefined` when none is given. */
export async function readAnswer(invocation: Invocation, cli: Cli): Promise<PersonsAnswer | undefined> {
  const userInput = invocation.text('message')
  const edit = await readEdit(invocation, cli)
  if (userInput === undefined && edit === undefined) return undefined
  return { ...(userInput === undefined ? {} : { userInput }), ...(edit === undefined ? {} : { edit }) }
}

/** The one step that a yes or a no is for, where the command line names one. */
export function readStep(invocation: Invocation): Pick<PersonsAnswer, 'step'> {
  const step = invocation.argument('step')
  return step === undefined ? {} : { step }
}

async function readEdit(invocation: Invocation, cli: Cli): Promise<string | undefined> {
  const text = invocation.text('edit')
  const file = invocation.text('edit-file')
  if (file === undefined) return text
  if (text !== undefined) throw usageError('The output is given twice.', 'Use one of --edit and --edit-file.')
  // One line break at the end belongs to the editor, not to the output.
  const withoutBreak = (content: string) => content.replace(/\r?\n$/, '')
  if (file === '-') return withoutBreak(await cli.readStdin())
  try {
    return withoutBreak(await readFile(resolve(cli.world.cwd, file), 'utf8'))
  } catch (error) {
    throw usageError(
      `--edit-file '${file}' cannot be read: ${(error as Error).message}.`,
      "The path counts from the working directory; '-' is standard input.",
    )
  }
}
