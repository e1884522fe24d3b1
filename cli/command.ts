import type { Cli } from './context.ts'
import type { Invocation } from './invocation.ts'

/** One option of a command, or one that all commands take. */
export interface OptionSpec {
  /** Long name without dashes, e.g. `input-file`. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  /** `flag` takes no value, `text` one (the last wins), `texts` one each time it is given. */
  readonly kind: 'flag' | 'text' | 'texts'
  /** What the value is called in the help, e.g. `FILE`. */
  readonly value?: string
  /** The only values that are allowed. */
  readonly choices?: readonly string[]
  /** One line for the help; says the default. */
  readonly summary: string
}

/** One positional argument. Optional ones come last; a variadic one is the very last. */
export interface ArgumentSpec {
  readonly name: string
  readonly required: boolean
  /** Option with which it is not required. */
  readonly unless?: string
  readonly variadic?: boolean
  readonly summary: string
  /** What the shell offers: names of workflows, ids of runs, codes, these words, or (by default) files. */
  readonly completes?: 'workflows' | 'runs' | 'files' | 'nothing' | readonly string[]
}

export interface Example {
  /** As typed, without the prompt sign. */
  readonly line: string
  readonly what: string
}

/** A row of the table of commands. Parsing, help and completion come from it; the code is loaded when it is chosen. */
export interface CommandSpec {
  readonly name: string
  /** Pairs of words that mean the same, e.g. `['runs', 'prune']`. */
  readonly also?: readonly (readonly [string, string])[]
  /** One line, an instruction without a full stop. */
  readonly summary: string
  /** Paragraphs of the command's own help. */
  readonly details: readonly string[]
  readonly args: readonly ArgumentSpec[]
  readonly options: readonly OptionSpec[]
  readonly examples: readonly Example[]
  /** Returns the function that does it: it writes through the context and returns the exit status. */
  readonly load: () => Promise<CommandRunner>
}

/** Does a command. Throws a `Refusal` when it cannot. Returns the exit status. */
export type CommandRunner = (invocation: Invocation, cli: Cli) => Promise<number>
