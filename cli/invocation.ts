import type { CommandSpec, OptionSpec } from './command.ts'

/** Options and arguments of one command line, after parsing: checked against the table, not yet understood. */
export interface ParsedLine {
  readonly command: CommandSpec
  /** Positional arguments after the command's name. */
  readonly positionals: readonly string[]
  /** By long name; absent when not given. */
  readonly options: Readonly<Record<string, boolean | string | readonly string[]>>
}

/** A line that names no command. */
export interface LineWithoutCommand extends Omit<ParsedLine, 'command'> {
  readonly command: undefined
}

/** What a command reads its line from. Asking for a name that the table does not have is a bug and throws. */
export class Invocation {
  readonly #line: ParsedLine

  constructor(line: ParsedLine) {
    this.#line = line
  }

  get command(): CommandSpec {
    return this.#line.command
  }

  /** Whether a flag was given. */
  flag(name: string): boolean {
    return this.#option(name, 'flag') === true
  }

  /** The value of an option; `undefined` when not given. */
  text(name: string): string | undefined {
    const value = this.#option(name, 'text')
    return typeof value === 'string' ? value : undefined
  }

  /** All values of a repeatable option, in order. */
  texts(name: string): readonly string[] {
    const value = this.#option(name, 'texts')
    return Array.isArray(value) ? value : []
  }

  /** A positional argument; `undefined` when an optional one was not given. */
  argument(name: string): string | undefined {
    return this.#line.positionals[this.#place(name)]
  }

  /** A positional argument that the table calls required. */
  required(name: string): string {
    const value = this.argument(name)
    if (value === undefined) throw new Error(`The argument <${name}> was not checked before it was used`)
    return value
  }

  /** All values of the variadic argument. */
  rest(name: string): readonly string[] {
    return this.#line.positionals.slice(this.#place(name))
  }

  /** The same line with other arguments, and with some options set. */
  with(change: Pick<ParsedLine, 'positionals' | 'options'>): Invocation {
    return new Invocation({
      ...this.#line,
      positionals: change.positionals,
      options: { ...this.#line.options, ...change.options },
    })
  }

  #option(name: string, kind: string): unknown {
    const spec = [...this.command.options, ...GLOBAL_OPTIONS].find((option) => option.name === name)
    if (spec?.kind !== kind)
      throw new Error(`The command ${this.command.name} has no ${kind} option '${name}'`)
    return this.#line.options[name]
  }

  #place(name: string): number {
    const index = this.command.args.findIndex((argument) => argument.name === name)
    if (index < 0) throw new Error(`The command ${this.command.name} has no argument '${name}'`)
    return index
  }
}

/** Options that every command takes. */
export const GLOBAL_OPTIONS: CommandSpec['options'] = [
  { name: 'directory', short: 'C', kind: 'text', value: 'DIR', summary: 'Work as if started in DIR' },
  {
    name: 'config',
    kind: 'text',
    value: 'FILE',
    summary: 'Read this configuration instead of .codemie/config.yaml',
  },
  { name: 'no-color', kind: 'flag', summary: 'No colours; so do NO_COLOR and TERM=dumb' },
  { name: 'help', short: 'h', kind: 'flag', summary: 'Show this help' },
]

/** Options of a command and those that all commands take. */
export function optionsOf(command: CommandSpec | undefined): readonly OptionSpec[] {
  return [...(command?.options ?? []), ...GLOBAL_OPTIONS]
}
