import type { MergeCheck, MergedFile, MergeFinding } from '../../runner/merge-check.ts'
import { diffTexts } from '../../runner/report/diff-texts.ts'
import type { Paint, Palette } from './palette.ts'
import { count, oneLine } from './plain-text.ts'
import { wordsOf } from './word-diff.ts'

/** Characters shown of one text that changed. */
const LONGEST = 1000

/** What a merge makes of definitions, for a terminal: a line for each that is as it should be, the findings of others. */
export function renderMergeCheck({ ours, theirs, base, files }: MergeCheck, palette: Palette): string {
  const { dim } = palette
  const short = (id: string) => id.slice(0, 12)
  const sides = dim(`ours ${short(ours)}, theirs ${short(theirs)}, which parted at ${short(base)}`)
  if (files.length === 0) return `Nothing that runs was changed on both sides\n${sides}\n`
  const findings = files.reduce((sum, file) => sum + file.findings.length, 0)
  const total = findings === 0 ? 'no findings' : count(findings, 'finding')
  return `${files.map((file) => renderFile(file, palette)).join('')}
${count(files.length, 'file')}: ${total}
${sides}
`
}

function renderFile({ file, ours, theirs, findings }: MergedFile, palette: Palette): string {
  const { bold, dim, green, red, symbols } = palette
  const sides =
    ours === 0 || theirs === 0
      ? ''
      : dim(` ${symbols.dot} ${count(ours, 'change')} of ours, ${theirs} of theirs`)
  if (findings.length === 0) return `${green(symbols.done)} ${oneLine(file)}${sides}\n`
  const paints: Readonly<Record<MergeFinding['code'], Paint>> = {
    conflict: red,
    invalid: red,
    'not-comparable': red,
    lost: palette.yellow,
    'made-by-neither': palette.yellow,
    'both-changed': palette.yellow,
  }
  const width = Math.max(...findings.map(({ code }) => code.length))
  const lines = findings.flatMap(({ code, side, state, sentence, texts = [] }) => {
    const whose = side === undefined ? '' : `${side}: `
    const where = state === undefined ? '' : `state '${oneLine(state)}': `
    return [
      `  ${paints[code](code.padEnd(width))}  ${whose}${where}${oneLine(sentence)}`,
      ...texts.flatMap(({ by, before, after }) =>
        wordsOf(diffTexts(before, after, 'words'), palette, LONGEST)
          .trimEnd()
          .split('\n')
          .map((line, index) =>
            `  ${' '.repeat(width)}  ${dim((index === 0 ? by : '').padEnd(6))}  ${line}`.trimEnd(),
          ),
      ),
    ]
  })
  return `${red(symbols.failed)} ${bold(oneLine(file))}${sides}\n${lines.join('\n')}\n`
}
