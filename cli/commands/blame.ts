import { type BlamedAspect, blame as findBlame } from '../../runner/blame.ts'
import { groupBy } from '../../schema/group-by.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import { formatTime } from '../ui/numbers.ts'
import type { Palette } from '../ui/palette.ts'
import { oneLine } from '../ui/plain-text.ts'

/** `codemie-ci blame`: which commits made a state what it is. */
export const blame: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const definition = await project.find(invocation.required('workflow'))
  const state = invocation.required('state')
  const aspects = await findBlame(project.repository, definition, state)
  if (invocation.flag('json')) {
    printJson(cli, { file: definition.file, state, aspects })
    return EXIT.done
  }
  cli.stdout.write(renderAspects(aspects, cli.look.stdout))
  if (aspects.some(({ how }) => how === 'not-later')) {
    cli.stderr.write(
      'This clone is shallow, so what is the same since its oldest commit may be older: `git fetch --unshallow` brings the rest.\n',
    )
  }
  return EXIT.done
}

/** Told where they changed; every state has them. */
const UNSPOKEN: ReadonlySet<string> = new Set(['state-renamed', 'work-changed'])

/** What single commits changed, the newest first, and in one line each what came with the state. */
function renderAspects(aspects: readonly BlamedAspect[], palette: Palette): string {
  const changed = aspects.filter(({ change }) => change !== undefined)
  // A new kind of work is one change, whatever came with it.
  const distinct = changed.filter(
    ({ change }, index) => changed.findIndex((one) => one.change === change) === index,
  )
  const lines = distinct.map((one) => line(one, oneLine(one.change?.sentence ?? ''), palette))
  const rest = groupBy(
    aspects.filter(({ change }) => change === undefined),
    ({ by, how }) => `${by?.commit} ${how}`,
  )
  for (const group of rest.values()) {
    const [first] = group
    if (first === undefined) continue
    const names = group
      .filter(({ code, isEmpty }) => !isEmpty && !UNSPOKEN.has(code))
      .map(({ aspect }) => aspect)
    const how = first.how === 'added' ? 'added it' : 'or earlier; this is the oldest commit here'
    lines.push(line(first, `${how}: ${names.join(', ')}`, palette))
  }
  return lines.join('')
}

function line({ by, isUnsure }: BlamedAspect, words: string, { yellow, dim }: Palette): string {
  const unsure = isUnsure ? dim(' (or a version before it that has errors)') : ''
  if (by === undefined) return `${yellow('not committed')}  ${words}${unsure}\n`
  return `${yellow(by.commit.slice(0, 12))} ${formatTime(by.at)}  ${oneLine(by.author)}  ${words}${unsure}\n`
}
