import { Refusal } from '../runner/failure.ts'
import type { Repeatable } from '../runner/rerun.ts'
import type { Cli, Output } from './context.ts'
import { EXIT } from './exit-status.ts'
import { Invocation, type ParsedLine } from './invocation.ts'
import { EXECUTION } from './table/execution.ts'
import { quoteWord } from './ui/quote-word.ts'
import { writeWarning } from './ui/warning.ts'

/** The line that runs a workflow as a commit has it, with what another run was given. */
function lineOf(workflow: string, commit: string, { text, settings }: Repeatable): ParsedLine {
  const command = EXECUTION.find(({ name }) => name === 'run')
  if (command === undefined) throw new Error('There is no command run')
  return {
    command,
    positionals: [`${workflow}@${commit}`],
    options: {
      ...(text === '' ? {} : { input: text }),
      ...(settings.model === undefined ? {} : { model: settings.model }),
      ...(settings.strict ? { strict: true } : {}),
      ...(settings.force ? { force: true } : {}),
    },
  }
}

/** The same as it is typed in a shell; on one line. */
export function typedLine(workflow: string, commit: string, origin: Repeatable): string {
  const { command, positionals, options } = lineOf(workflow, commit.slice(0, 12), origin)
  const words = Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, quoteWord(String(value))],
  )
  return ['codemie-ci', command.name, ...positionals.map(quoteWord), ...words].join(' ')
}

/**
 * Runs a workflow as a commit has it, exactly as `codemie-ci run` does, but prints no result. What the run says while it goes on
 * stands on standard error.
 *
 * @returns its id; `undefined`: there is none, or the person interrupted it, which `isInterrupted` says.
 */
export async function runVersion(
  workflow: string,
  commit: string,
  origin: Repeatable,
  cli: Cli,
): Promise<{ readonly run: string | undefined; readonly isInterrupted: boolean }> {
  const { command, positionals, options } = lineOf(workflow, commit, origin)
  const { run } = await import('./commands/run.ts')
  const printed: string[] = []
  const stdout: Output = {
    write: (text) => printed.push(text),
    writeCommand: () => {},
    isTerminal: false,
    columns: undefined,
  }
  try {
    const invocation = new Invocation({ command, positionals, options: { ...options, json: true } })
    const status = await run(invocation, { ...cli, stdout })
    const result = printed.length === 0 ? {} : JSON.parse(printed.join(''))
    return { run: result.runId, isInterrupted: status === EXIT.interrupted }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    writeWarning(cli, `${commit.slice(0, 12)} cannot run here: ${error.message}`)
    return { run: undefined, isInterrupted: false }
  }
}
