import type { CommandSpec, OptionSpec } from './command.ts'
import { COMMAND_GROUPS, COMMANDS } from './commands.ts'
import { GLOBAL_OPTIONS } from './invocation.ts'
import type { Palette } from './ui/palette.ts'
import { padEnd, wrap } from './ui/plain-text.ts'

/** How help is laid out: `columns` of the terminal (80 where there is none). */
export interface HelpLayout {
  readonly palette: Palette
  readonly columns: number | undefined
}

const WIDEST = 100
const USUAL = 80
/** When names take more than this part of the width, what is said of them stands below. */
const MOST_LEFT = 0.6

/** The help of the whole program. Ends with a line feed. */
export function renderHelp(version: string, layout: HelpLayout): string {
  const { bold, dim } = layout.palette
  const longest = Math.max(...COMMANDS.map(({ name }) => name.length))
  return lines(
    `${bold('codemie-ci')} ${version}`,
    ...paragraph(
      'Runs AI workflows that are kept as files in a git repository, and keeps every run as a commit.',
      layout,
    ),
    '',
    `${bold('Usage')}  codemie-ci <command> [options]`,
    ...COMMAND_GROUPS.flatMap(({ title, commands }) => [
      '',
      bold(title),
      ...twoColumns(
        commands.map(({ name, summary }) => [name, summary]),
        layout,
        longest,
      ),
    ]),
    '',
    bold('Options of every command'),
    ...twoColumns([...GLOBAL_OPTIONS.map(optionRow), ['-v, --version', 'Show the version']], layout),
    '',
    bold('Examples'),
    ...twoColumns(
      [
        ['codemie-ci init', 'set this repository up'],
        ['codemie-ci plan release-notes', 'see what a run would do'],
        ['codemie-ci run release-notes', 'run it'],
        ['codemie-ci show latest', 'look at its record'],
      ],
      layout,
    ),
    '',
    dim("'codemie-ci <command> --help' shows the options and examples of a command."),
  )
}

/** The help of one command. Ends with a line feed. */
export function renderCommandHelp(command: CommandSpec, layout: HelpLayout): string {
  const { bold } = layout.palette
  const parts: string[] = [
    ...paragraph(`${command.summary}.`, layout),
    '',
    `${bold('Usage')}  ${usageOf(command)}`,
  ]
  for (const detail of command.details) parts.push('', ...paragraph(detail, layout))
  if (command.args.length > 0) {
    parts.push(
      '',
      bold('Arguments'),
      ...twoColumns(
        command.args.map((argument) => [argument.name, argument.summary]),
        layout,
      ),
    )
  }
  if (command.options.length > 0) {
    parts.push('', bold('Options'), ...twoColumns(command.options.map(optionRow), layout))
  }
  parts.push(
    '',
    bold('Options of every command'),
    ...twoColumns(GLOBAL_OPTIONS.map(optionRow), layout),
    '',
    bold('Examples'),
    ...twoColumns(
      command.examples.map(({ line, what }) => [line, what]),
      layout,
    ),
  )
  return lines(...parts)
}

/** `codemie-ci run <workflow> [input] [options]` */
export function usageOf(command: CommandSpec): string {
  const args = command.args.map(({ name, required, variadic }) => {
    const word = variadic ? `${name}...` : name
    return required ? `<${word}>` : `[${word}]`
  })
  return ['codemie-ci', command.name, ...args, '[options]'].join(' ')
}

/** `-i, --input-value KEY=VALUE` */
export function spellOption({ name, short, value }: OptionSpec): string {
  return `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`
}

/** ` (one, two)` after the summary of an option; `''` when any value will do. */
export function spellChoices({ choices }: OptionSpec): string {
  return choices ? ` (${choices.join(', ')})` : ''
}

function optionRow(option: OptionSpec): readonly [string, string] {
  return [spellOption(option), option.summary + spellChoices(option)]
}

function twoColumns(
  rows: readonly (readonly [string, string])[],
  { columns, palette }: HelpLayout,
  atLeast = 0,
): string[] {
  const left = Math.max(atLeast, ...rows.map(([name]) => name.length))
  const width = widthOf(columns)
  if (left > width * MOST_LEFT) {
    return rows.flatMap(([name, text]) => [
      `  ${palette.cyan(name)}`,
      ...wrap(text, width - 6).map((line) => `      ${line}`),
    ])
  }
  const right = width - left - 4
  return rows.flatMap(([name, text]) =>
    wrap(text, right).map((line, index) =>
      index === 0
        ? `  ${palette.cyan(name)}${' '.repeat(left - name.length)}  ${line}`
        : `  ${padEnd('', left)}  ${line}`,
    ),
  )
}

function paragraph(text: string, { columns }: HelpLayout): string[] {
  return wrap(text, widthOf(columns))
}

function widthOf(columns: number | undefined): number {
  return Math.min(columns ?? USUAL, WIDEST)
}

function lines(...parts: readonly string[]): string {
  return `${parts.join('\n')}\n`
}
