import { isAbsolute, relative, resolve, sep } from 'node:path'
import { type DefinitionDiff, diffDefinitions, resolveRange } from '../../runner/diff-definitions.ts'
import { findRepository } from '../../runner/git/repository.ts'
import { diffTexts } from '../../runner/report/diff-texts.ts'
import { CHANGE_CLASSES, type ChangeClass, countByClass } from '../../schema/diff/change.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { EXIT } from '../exit-status.ts'
import type { Invocation } from '../invocation.ts'
import { printJson } from '../ui/json.ts'
import type { Palette } from '../ui/palette.ts'
import { count, oneLine } from '../ui/plain-text.ts'
import { wordsOf } from '../ui/word-diff.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci diff`: what changes of workflows mean. */
export const diff: CommandRunner = async (invocation, cli) => {
  const repository = findRepository(cli.world.cwd, cli.world.env)
  const { range, files } = readArguments(invocation, cli, repository.root)
  const diffs = await diffDefinitions(repository, await resolveRange(repository.git, range), files)
  if (invocation.flag('json')) printJson(cli, diffs)
  else cli.stdout.write(renderDiffs(diffs, cli.look.stdout))
  return invocation.flag('exit-code') && diffs.length > 0 ? EXIT.failed : EXIT.done
}

/** As with git, the first word is a revision unless it is a file; what follows are files. */
function readArguments(invocation: Invocation, cli: Cli, root: string) {
  const words = invocation.rest('what')
  const [first] = words
  const isPath =
    first !== undefined &&
    (/\.(ya?ml|toml)$/.test(first) || first.startsWith('.') || first.includes('/workflows'))
  const paths = (isPath || first === undefined ? words : words.slice(1)).map((word) => {
    const path = relative(root, resolve(cli.world.cwd, word)).split(sep).join('/')
    if (path === '..' || path.startsWith('../') || isAbsolute(path))
      throw usageError(`'${word}' is not in this repository.`, 'Give files of .codemie/workflows.')
    return path
  })
  return { range: isPath ? undefined : first, files: paths.filter((path) => path !== '') }
}

/** Characters shown of one text that changed. */
const LONGEST = 2000

function renderDiffs(diffs: readonly DefinitionDiff[], palette: Palette): string {
  const { bold, dim, red, yellow, green, symbols } = palette
  if (diffs.length === 0) return 'No workflow means anything else\n'
  const colours: Readonly<Record<ChangeClass, (text: string) => string>> = {
    breaking: red,
    widening: yellow,
    narrowing: green,
    neutral: dim,
  }
  const lines: string[] = []
  for (const { file, before, status, changes, invalid } of diffs) {
    const moved = before === undefined ? '' : dim(`, before ${oneLine(before)}`)
    lines.push(
      `${bold(oneLine(file))}${moved}${status === 'changed' ? '' : dim(` ${symbols.dot} ${status}`)}`,
    )
    for (const [side, error] of Object.entries(invalid))
      lines.push(
        `  ${red(symbols.failed)} has errors ${side === 'before' ? 'before' : 'after'} the change: ${oneLine(error ?? '')}`,
      )
    // What asks for a decision comes first.
    const sorted = [...changes].sort(
      (a, b) => CHANGE_CLASSES.indexOf(a.class) - CHANGE_CLASSES.indexOf(b.class),
    )
    for (const { class: kind, state, sentence, before, after, isLong } of sorted) {
      const where = state === undefined ? '' : `state '${oneLine(state)}': `
      lines.push(`  ${colours[kind](kind.padEnd(9))}  ${where}${oneLine(sentence)}`)
      if (!isLong || before === undefined || after === undefined) continue
      const words = wordsOf(diffTexts(before, after, 'words'), palette, LONGEST)
      lines.push(...words.split('\n').map((line) => `             ${line}`.trimEnd()))
    }
  }
  const counts = countByClass(diffs.flatMap(({ changes }) => changes))
  lines.push('', `${count(diffs.length, 'workflow')}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`)
  return `${lines.join('\n')}\n`
}
