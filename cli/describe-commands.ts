import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts'
import { spellChoices, spellOption, usageOf } from './help.ts'

/** The commands as Markdown for `docs/cli.md`: a section each, made from the table. Pure. */
export function describeCommands(commands: readonly CommandSpec[], globals: readonly OptionSpec[]): string {
  const everywhere = [
    '## Options of every command',
    '',
    ...optionTable(globals),
    '| `-v`, `--version` | Show the version |',
  ]
  return [...commands.map(describeCommand), everywhere.join('\n')].join('\n\n')
}

function describeCommand(command: CommandSpec): string {
  const { name, summary, details, args, options, examples } = command
  const parts = [`## ${name}`, `${summary}.`, code([usageOf(command)]), ...details]
  const rows = [...args.map(argumentRow), ...options.map(optionRow)]
  if (rows.length > 0) parts.push([...HEAD, ...rows].join('\n'))
  parts.push(code(examples.map(({ line, what }) => `${line}  # ${what}`)))
  return parts.join('\n\n')
}

const HEAD = ['| | |', '|---|---|']

function optionTable(options: readonly OptionSpec[]): string[] {
  return [...HEAD, ...options.map(optionRow)]
}

function argumentRow({ name, summary }: ArgumentSpec): string {
  return row(`\`${name}\``, summary)
}

function optionRow(option: OptionSpec): string {
  const spelled = spellOption(option)
    .split(', ')
    .map((one) => `\`${one}\``)
    .join(', ')
  return row(spelled, option.summary + spellChoices(option))
}

function row(left: string, right: string): string {
  return `| ${left} | ${right.replaceAll('|', '\\|')} |`
}

function code(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n')
}
