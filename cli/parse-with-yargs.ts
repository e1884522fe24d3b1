import yargs from 'yargs'
import { nearestName } from '../schema/nearest.ts'
import type { CommandSpec, OptionSpec } from './command.ts'
import { COMMANDS } from './commands.ts'
import { GLOBAL_OPTIONS, type LineWithoutCommand, optionsOf, type ParsedLine } from './invocation.ts'
import { usageError } from './usage-error.ts'

/**
 * Parses any line with yargs, from the table of commands. Help, version and completion are ours, so yargs only reads.
 * Throws a `Refusal` with the code `usage`, naming the nearest command or option.
 */
export function parseWithYargs(argv: readonly string[]): ParsedLine | LineWithoutCommand {
  let chosen: { readonly command: CommandSpec | undefined; readonly found: Found } | undefined
  const parser = yargs()
    // Its own translations are looked up on disc by the language of the environment.
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    })
    .options(toYargs(GLOBAL_OPTIONS))
    .fail((message, error) => {
      throw error && error.name !== 'YError' ? error : usageError(reword(message), "Try 'codemie-ci --help'.")
    })
  for (const command of COMMANDS) {
    parser.command({
      command: command.name,
      describe: command.summary,
      builder: (builder) => builder.options(toYargs(command.options)),
      handler: (found) => {
        chosen = { command, found }
      },
    })
  }
  parser.command({
    command: '$0',
    describe: false,
    handler: (found) => {
      chosen = { command: undefined, found }
    },
  })
  parser.parseSync([...argv])
  if (!chosen) throw new Error('yargs chose no command')
  const { command, found } = chosen
  const words = found._.map(String)
  if (!command && words[0] !== undefined) throw unknownCommand(words[0])
  return readFound(command, found, command ? words.slice(1) : [])
}

/** What yargs says, in our words where they are plainer. */
function reword(message: string): string {
  const name = /^Not enough arguments following: (.+)$/.exec(message)?.[1]
  if (name === undefined) return `${message}.`
  return `The option '${name.length === 1 ? '-' : '--'}${name}' needs a value.`
}

/** What yargs hands to a handler. */
interface Found {
  readonly _: readonly (string | number)[]
  readonly [option: string]: unknown
}

function toYargs(options: readonly OptionSpec[]) {
  return Object.fromEntries(
    options.map((option) => [
      option.name,
      {
        type: option.kind === 'flag' ? ('boolean' as const) : ('string' as const),
        ...(option.kind === 'texts' ? { array: true } : {}),
        ...(option.kind === 'flag' ? {} : { requiresArg: true }),
        ...(option.short ? { alias: option.short } : {}),
      },
    ]),
  )
}

function readFound<C extends CommandSpec | undefined>(
  command: C,
  found: Found,
  positionals: readonly string[],
) {
  const known = optionsOf(command)
  const options: Record<string, boolean | string | readonly string[]> = {}
  for (const [name, value] of Object.entries(found)) {
    if (name === '_' || name === '$0' || value === undefined) continue
    const spec = known.find((option) => option.name === name)
    if (!spec) throw unknownOption(name, command)
    options[name] = readValue(spec, value)
  }
  return { command, positionals, options } as ParsedLine | LineWithoutCommand
}

function readValue(spec: OptionSpec, value: unknown): boolean | string | readonly string[] {
  switch (spec.kind) {
    case 'flag':
      return Array.isArray(value) ? value.at(-1) === true : value === true
    case 'text':
      return String(Array.isArray(value) ? value.at(-1) : value)
    case 'texts':
      return [value].flat().map(String)
  }
}

function unknownCommand(word: string) {
  const near = nearestName(
    word,
    COMMANDS.map(({ name }) => name),
  )
  return usageError(
    `There is no command '${word}'.${near ? ` Did you mean '${near}'?` : ''}`,
    "Try 'codemie-ci --help'.",
  )
}

function unknownOption(name: string, command: CommandSpec | undefined) {
  const near = nearestName(
    name,
    optionsOf(command).map((option) => option.name),
  )
  const typed = name.length === 1 ? `-${name}` : `--${name}`
  const where = command ? `'codemie-ci ${command.name}' has no option` : 'There is no option'
  return usageError(
    `${where} '${typed}'.${near ? ` Did you mean '--${near}'?` : ''}`,
    `Try 'codemie-ci ${command ? `${command.name} ` : ''}--help'.`,
  )
}
