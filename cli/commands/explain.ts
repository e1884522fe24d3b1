// Not through the index of the room: it would load the readers of files.
import { nearestName } from '../../schema/nearest.ts'
import { CATALOGUE, type Explanation, explain as explainCode } from '../../schema/rules/catalogue.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { printJson } from '../ui/json.ts'
import type { Palette } from '../ui/palette.ts'
import { padEnd, wrap } from '../ui/plain-text.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci explain`: why a problem is one, and how to mend it. */
export const explain: CommandRunner = async (invocation, cli) => {
  const code = invocation.argument('code')
  const columns = Math.min(cli.stdout.columns ?? 80, 100)
  if (code === undefined) {
    if (invocation.flag('json')) printJson(cli, CATALOGUE)
    else cli.stdout.write(renderCatalogue(cli.look.stdout))
    return EXIT.done
  }
  const explanation = explainCode(code)
  if (!explanation) {
    const near = nearestName(code, Object.keys(CATALOGUE))
    throw usageError(
      `There is no problem with the code '${code}'.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
      "'codemie-ci explain' lists all codes.",
    )
  }
  if (invocation.flag('json')) printJson(cli, { code, ...explanation })
  else cli.stdout.write(renderExplanation(code, explanation, columns, cli.look.stdout))
  return EXIT.done
}

function renderCatalogue({ cyan }: Palette): string {
  const entries = Object.entries(CATALOGUE).sort(([a], [b]) => (a < b ? -1 : 1))
  const width = Math.max(...entries.map(([code]) => code.length))
  return entries.map(([code, { title }]) => `${cyan(padEnd(code, width))}  ${title}\n`).join('')
}

function renderExplanation(
  code: string,
  explanation: Explanation,
  columns: number,
  palette: Palette,
): string {
  const { bold, cyan, green, red } = palette
  const { title, why, fix, wrong, right } = explanation
  const sample = (name: string, text: string | undefined) =>
    text === undefined
      ? []
      : [
          '',
          name,
          ...text
            .trimEnd()
            .split('\n')
            .map((line) => `  ${line}`.trimEnd()),
        ]
  const lines = [
    `${bold(title)} ${cyan(`[${code}]`)}`,
    '',
    ...wrap(why, columns),
    ...sample(red('Wrong'), wrong),
    ...sample(green('Right'), right),
    '',
    ...wrap(fix, columns),
  ]
  return `${lines.join('\n')}\n`
}
