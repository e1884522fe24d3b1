import type { Change, RunComparison, StepComparison } from '../../runner/report/compare-runs.ts'
import type { DiffPiece } from '../../runner/report/diff-texts.ts'
import type { Palette } from './palette.ts'
import { count, oneLine, shorten, stripControls } from './plain-text.ts'
import { wordsOf } from './word-diff.ts'

/** Lines of a definition around a change. */
const CONTEXT_LINES = 2
/** Characters shown of one output. */
const LONGEST = 4000
const LONGEST_VALUE = 120

/** Two runs beside each other, for a terminal. Ends with a line feed. */
export function renderComparison(comparison: RunComparison, palette: Palette): string {
  const { bold, dim, symbols } = palette
  const { before, after, facts, inputs, definition, steps, firstDifference, figures, isSame } = comparison
  const differing = steps.filter(({ change }) => change !== 'same')
  const equal = steps.length - differing.length
  const lines = [
    `${dim('before')}  ${before}`,
    `${dim('after')}   ${after}`,
    '',
    isSame
      ? `${bold('Nothing differs')} but what it took`
      : firstDifference === undefined
        ? `${bold('Every step put out the same')}`
        : `${bold('The first step that differs:')} ${oneLine(firstDifference)}`,
    ...changeLines(facts, palette),
  ]
  const section = (title: string, body: readonly string[]) => lines.push('', bold(title), ...body)
  if (inputs.length > 0) section('Inputs', changeLines(inputs, palette))
  if (definition.length > 0) section('Definition', definitionLines(definition, palette))
  if (differing.length > 0)
    section(
      'Steps',
      differing.flatMap((step) => stepLines(step, palette)),
    )
  if (figures.length > 0) section('What it took', changeLines(figures, palette))
  const same = [
    ...(inputs.length === 0 ? ['inputs'] : []),
    ...(definition.length === 0 ? ['definition'] : []),
    ...(equal === 0 ? [] : [count(equal, 'step')]),
  ]
  if (same.length > 0) lines.push('', dim(`the same: ${same.join(` ${symbols.dot} `)}`))
  return `${lines.join('\n')}\n`
}

/** One step of two runs, with all of its output. Ends with a line feed. */
export function renderStep(step: StepComparison, palette: Palette): string {
  const lines =
    step.change === 'same'
      ? [`  ${palette.bold(oneLine(step.path))}  ${palette.dim('put out the same in both runs')}`]
      : stepLines(step, palette, Number.POSITIVE_INFINITY)
  return `${lines.join('\n')}\n`
}

function changeLines(all: readonly Change[], palette: Palette): string[] {
  const { dim, red, green, symbols } = palette
  const width = Math.max(0, ...all.map(({ name }) => oneLine(name).length))
  const value = (text: string | undefined) =>
    text === undefined ? dim('none') : shorten(oneLine(text), LONGEST_VALUE, symbols.ellipsis)
  return all.map(
    ({ name, before, after }) =>
      `  ${dim(oneLine(name).padEnd(width))}  ${red(value(before))} ${symbols.arrow} ${green(value(after))}`,
  )
}

const CHANGES: Readonly<Record<StepComparison['change'], string>> = {
  same: '',
  output: '',
  status: '',
  'only-before': 'only in the first run',
  'only-after': 'only in the second run',
}

function stepLines(
  { path, change, statusBefore, statusAfter, output }: StepComparison,
  palette: Palette,
  longest = LONGEST,
): string[] {
  const { dim, symbols, bold } = palette
  const what = change === 'status' ? `${statusBefore} ${symbols.arrow} ${statusAfter}` : CHANGES[change]
  const head = `  ${bold(oneLine(path))}${what === '' ? '' : `  ${dim(what)}`}`
  if (output.length === 0) return [head]
  const text = wordsOf(output, palette, longest)
  return [head, ...text.split('\n').map((line) => `    ${line}`.trimEnd())]
}

function definitionLines(pieces: readonly DiffPiece[], { dim, red, green }: Palette): string[] {
  return pieces.flatMap(({ kind, text }, index) => {
    const lines = stripControls(text).replace(/\n$/, '').split('\n')
    if (kind === 'removed') return lines.map((line) => red(`  - ${line}`))
    if (kind === 'added') return lines.map((line) => green(`  + ${line}`))
    const head = index > 0 ? lines.slice(0, CONTEXT_LINES) : []
    const tail = index < pieces.length - 1 ? lines.slice(-CONTEXT_LINES) : []
    if (head.length + tail.length >= lines.length) return lines.map((line) => dim(`    ${line}`))
    const hidden = lines.length - head.length - tail.length
    return [...head, `... ${count(hidden, 'line')}`, ...tail].map((line) => dim(`    ${line}`))
  })
}
