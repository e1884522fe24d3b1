import { parseArgs } from 'node:util'
import { nearestName } from '../schema/nearest.ts'
import { COMMANDS } from './commands.ts'
import { type LineWithoutCommand, optionsOf, type ParsedLine } from './invocation.ts'
import { usageError } from './usage-error.ts'

/**
 * Understands a command line. `undefined`: no command was given, only options that all commands take.
 * Throws a `Refusal` with the code `usage` when it makes no sense.
 */
export async function parseLine(argv: readonly string[]): Promise<ParsedLine | LineWithoutCommand> {
  const words = inOneWord(argv)
  const quick = parseQuickly(words)
  const line = quick ?? (await import('./parse-with-yargs.ts')).parseWithYargs(words)
  if (line.command) checkLine(line as ParsedLine)
  return line
}

/** Puts the name of a command in place of two words that mean the same. */
function inOneWord(argv: readonly string[]): readonly string[] {
  const command = COMMANDS.find(({ also }) => also?.some(([one, two]) => one === argv[0] && two === argv[1]))
  return command ? [command.name, ...argv.slice(2)] : argv
}

/**
 * Parses a well-formed line with what Node has built in: loading yargs costs as much time as checking a file.
 * `undefined`: not such a line, and yargs has to say what it means or what is wrong.
 */
export function parseQuickly(argv: readonly string[]): ParsedLine | undefined {
  const command = COMMANDS.find(({ name }) => name === argv[0])
  if (!command) return undefined
  const options = Object.fromEntries(
    optionsOf(command).map((option) => [
      option.name,
      {
        type: option.kind === 'flag' ? ('boolean' as const) : ('string' as const),
        multiple: option.kind === 'texts',
        ...(option.short ? { short: option.short } : {}),
      },
    ]),
  )
  try {
    const { values, positionals } = parseArgs({
      args: argv.slice(1),
      options,
      allowPositionals: true,
    })
    return { command, positionals, options: values as ParsedLine['options'] }
  } catch {
    return undefined
  }
}

/** What the table says beyond names: choices, and how many arguments. */
function checkLine({ command, positionals, options }: ParsedLine): void {
  const tryHelp = `Try 'codemie-ci ${command.name} --help'.`
  for (const option of command.options) {
    const { choices } = option
    const value = [options[option.name]]
      .flat()
      .find((one) => typeof one === 'string' && !choices?.includes(one))
    if (choices && typeof value === 'string') {
      const near = nearestName(value, choices)
      throw usageError(
        `--${option.name} takes ${choices.join(', ')}, and not '${value}'.${near ? ` Did you mean '${near}'?` : ''}`,
        tryHelp,
      )
    }
  }
  if (options['help'] === true) return
  const missing = command.args.find(
    ({ required, unless }, index) =>
      required && positionals[index] === undefined && (unless === undefined || options[unless] === undefined),
  )
  if (missing)
    throw usageError(`'codemie-ci ${command.name}' needs a <${missing.name}>: ${missing.summary}.`, tryHelp)
  const extra = positionals[command.args.length]
  if (extra !== undefined && !command.args.at(-1)?.variadic) {
    const most = command.args.length
    throw usageError(
      `'codemie-ci ${command.name}' takes ${most === 0 ? 'no argument' : most === 1 ? 'one argument' : `at most ${most} arguments`}, and '${extra}' is one too many.`,
      tryHelp,
    )
  }
}
