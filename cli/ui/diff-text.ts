import { diffTexts } from '../../runner/report/diff-texts.ts'
import { byImportance, countFiles, NOTHING_CHANGED } from '../../runner/report/diff-words.ts'
import { type ChangeClass, countByClass } from '../../schema/diff/change.ts'
import { type DefinitionDiff, placeOfDiff } from '../../schema/diff/definitions.ts'
import type { Palette } from './palette.ts'
import { oneLine } from './plain-text.ts'
import { wordsOf } from './word-diff.ts'

/** Characters shown of one text that changed. */
const LONGEST = 2000

/** What definitions mean now, for a terminal, with a line at the end that counts. */
export function renderDiffs(diffs: readonly DefinitionDiff[], palette: Palette): string {
  if (diffs.length === 0) return `${NOTHING_CHANGED}\n`
  const counts = countByClass(diffs.flatMap(({ changes }) => changes))
  const total = `${countFiles(diffs)}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`
  return `${diffs.map((diff) => renderDiff(diff, palette)).join('')}\n${total}\n`
}

/** What one definition means now: a line with its path, and one for each change, with long texts below. */
export function renderDiff(diff: DefinitionDiff, palette: Palette): string {
  const { before, status, changes, invalid } = diff
  const { bold, dim, red, yellow, green, symbols } = palette
  const colours: Readonly<Record<ChangeClass, (text: string) => string>> = {
    breaking: red,
    widening: yellow,
    narrowing: green,
    neutral: dim,
  }
  const moved = before === undefined ? '' : dim(`, before ${oneLine(before)}`)
  const lines = [
    `${bold(oneLine(placeOfDiff(diff)))}${moved}${status === 'changed' ? '' : dim(` ${symbols.dot} ${status}`)}`,
  ]
  for (const [side, error] of Object.entries(invalid))
    lines.push(
      `  ${red(symbols.failed)} has errors ${side === 'before' ? 'before' : 'after'} the change: ${oneLine(error ?? '')}`,
    )
  for (const { class: kind, state, sentence, before, after, isLong } of byImportance(changes)) {
    const where = state === undefined ? '' : `state '${oneLine(state)}': `
    lines.push(`  ${colours[kind](kind.padEnd(9))}  ${where}${oneLine(sentence)}`)
    if (!isLong || before === undefined || after === undefined) continue
    const words = wordsOf(diffTexts(before, after, 'words'), palette, LONGEST)
    lines.push(...words.split('\n').map((line) => `             ${line}`.trimEnd()))
  }
  return `${lines.join('\n')}\n`
}
